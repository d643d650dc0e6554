"""IAM: roles with inline policies, and simulations of their policies.

API_CreateRole, API_PutRolePolicy, API_DeleteRolePolicy, API_DeleteRole, API_GetRole, API_ListRoles,
API_SimulatePrincipalPolicy.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from backup_simulator.access import Access
from backup_simulator.errors import Refused
from backup_simulator.ground import Ground
from backup_simulator.identity import Identity
from backup_simulator.model import Caller, Operation, Role
from backup_simulator.policy_checks import Kind, read_policy

MALFORMED = "MalformedPolicyDocument"
LISTS = ("stringList", "booleanList", "numericList", "dateList", "ipList", "binaryList")


class Iam:
    """The roles of a world."""

    def __init__(self, ground: Ground, identity: Identity, access: Access) -> None:
        self._ground = ground
        self._identity = identity
        self._access = access
        self._inline: dict[str, dict[str, dict[str, Any]]] = {}
        """The inline policies that callers put, by role and name."""
        self.operations: dict[str, Operation] = {
            "CreateRole": self._create_role,
            "PutRolePolicy": self._put_policy,
            "DeleteRolePolicy": self._delete_policy,
            "DeleteRole": self._delete_role,
            "GetRole": self._get_role,
            "ListRoles": self._list_roles,
            "SimulatePrincipalPolicy": self._simulate,
        }

    def _create_role(self, caller: Caller, _region: str, request: dict[str, Any]) -> dict[str, Any]:
        """The role can be used at once. AWS needs some seconds."""
        name = request["RoleName"]
        if any(_is_called(role, caller.account, name) for role in self._identity.roles.values()):
            raise Refused("EntityAlreadyExists", f"Role with name {name} already exists.", 409)
        trust = read_policy(request["AssumeRolePolicyDocument"], Kind.TRUST, MALFORMED)
        path = request.get("Path", "/")
        arn = self._identity.create_role(caller.account, name, path=path, trust=trust, policies=())
        return {"Role": self._role(self._identity.roles[arn])}

    def _put_policy(self, caller: Caller, _region: str, request: dict[str, Any]) -> dict[str, Any]:
        role = self._named(caller, request["RoleName"])
        self._set_policy(role, request["PolicyName"], read_policy(request["PolicyDocument"], Kind.IDENTITY, MALFORMED))
        return {}

    def _delete_policy(self, caller: Caller, _region: str, request: dict[str, Any]) -> dict[str, Any]:
        role, name = self._named(caller, request["RoleName"]), request["PolicyName"]
        if name not in self._inline.get(role.arn, {}):
            raise Refused("NoSuchEntity", f"The role policy with name {name} cannot be found.", 404)
        self._set_policy(role, name, None)
        return {}

    def _set_policy(self, role: Role, name: str, document: dict[str, Any] | None) -> None:
        """Put, replace or remove an inline policy. Policies that a test attached stay."""
        inline = self._inline.setdefault(role.arn, {})
        old = inline.pop(name, None)
        kept = [each for each in role.policies if each is not old]
        if document is not None:
            inline[name] = document
            kept.append(document)
        role.policies = tuple(kept)

    def _delete_role(self, caller: Caller, _region: str, request: dict[str, Any]) -> dict[str, Any]:
        role = self._named(caller, request["RoleName"])
        if role.policies:
            raise Refused("DeleteConflict", "Cannot delete entity, must delete policies first.", 409)
        self._inline.pop(role.arn, None)
        self._identity.delete_role(role.arn)
        return {}

    def _named(self, caller: Caller, name: str) -> Role:
        found = [role for role in self._identity.roles.values() if _is_called(role, caller.account, name)]
        if not found:
            raise Refused("NoSuchEntity", f"The role with name {name} cannot be found.", 404)
        return found[0]

    def _get_role(self, caller: Caller, _region: str, request: dict[str, Any]) -> dict[str, Any]:
        return {"Role": self._role(self._named(caller, request["RoleName"]))}

    def _list_roles(self, caller: Caller, _region: str, _request: dict[str, Any]) -> dict[str, Any]:
        """All roles of the account in one page."""
        found = [self._role(role) for role in self._identity.roles.values() if role.account == caller.account]
        return {"Roles": sorted(found, key=lambda role: str(role["Arn"])), "IsTruncated": False}

    def _role(self, role: Role) -> dict[str, Any]:
        name = role.arn.rpartition("/")[2]
        return {
            "Path": "/" + role.arn.partition(":role/")[2].removesuffix(name),
            "RoleName": name,
            "RoleId": f"AROA{name[:12].upper():X<16}",
            "Arn": role.arn,
            "CreateDate": role.created_at,
            # As it travels: JSON, URL-encoded (API_Role); clients decode it.
            "AssumeRolePolicyDocument": quote(json.dumps(role.trust)),
        }

    def _simulate(self, caller: Caller, _region: str, request: dict[str, Any]) -> dict[str, Any]:
        """What the policies of a role of one's own account say, with the context that is given."""
        role = self._identity.roles.get(request["PolicySourceArn"])
        if role is None or role.account != caller.account:
            raise Refused("NoSuchEntity", f"The role {request['PolicySourceArn']} cannot be found.", 404)
        context = {entry["ContextKeyName"]: _context_value(entry) for entry in request.get("ContextEntries", [])}
        results = [
            _evaluation(action, resource, self._access.role_decision(role, action, resource, context))
            for action in request["ActionNames"]
            for resource in request.get("ResourceArns", ["*"])
        ]
        return {"EvaluationResults": results, "IsTruncated": False}


def _evaluation(action: str, resource: str, decision: str) -> dict[str, Any]:
    """A result. For a resource that is named, the result about it is beside the others (API_EvaluationResult)."""
    specific = {"EvalResourceName": resource, "EvalResourceDecision": decision, "MissingContextValues": []}
    return {
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": decision,
        "MatchedStatements": [],
        "MissingContextValues": [],
        **({"ResourceSpecificResults": [specific]} if resource != "*" else {}),
    }


def _context_value(entry: dict[str, Any]) -> Any:
    values = entry["ContextKeyValues"]
    return tuple(values) if entry["ContextKeyType"] in LISTS else values[0]


def _is_called(role: Role, account: str, name: str) -> bool:
    return role.account == account and role.arn.endswith(f"/{name}")
