"""IAM: roles, and simulations of their policies (API_GetRole, API_ListRoles, API_SimulatePrincipalPolicy)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from backup_simulator.access import Access
from backup_simulator.errors import Refused
from backup_simulator.ground import Ground
from backup_simulator.identity import Identity
from backup_simulator.model import Caller, Operation, Role

LISTS = ("stringList", "booleanList", "numericList", "dateList", "ipList", "binaryList")


class Iam:
    """The roles of a world, for those who may only look at them."""

    def __init__(self, ground: Ground, identity: Identity, access: Access) -> None:
        self._ground = ground
        self._identity = identity
        self._access = access
        self.operations: dict[str, Operation] = {
            "GetRole": self._get_role,
            "ListRoles": self._list_roles,
            "SimulatePrincipalPolicy": self._simulate,
        }

    def _get_role(self, caller: Caller, _region: str, request: dict[str, Any]) -> dict[str, Any]:
        name = request["RoleName"]
        found = [role for role in self._identity.roles.values() if _is_called(role, caller.account, name)]
        if not found:
            raise Refused("NoSuchEntity", f"The role with name {name} cannot be found.", 404)
        return {"Role": self._role(found[0])}

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
            "CreateDate": self._ground.now(),
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
            {
                "EvalActionName": action,
                "EvalResourceName": resource,
                "EvalDecision": "allowed" if self._access.role_may(role, action, resource, context) else "implicitDeny",
                "MatchedStatements": [],
                "MissingContextValues": [],
            }
            for action in request["ActionNames"]
            for resource in request.get("ResourceArns", ["*"])
        ]
        return {"EvaluationResults": results, "IsTruncated": False}


def _context_value(entry: dict[str, Any]) -> Any:
    values = entry["ContextKeyValues"]
    return tuple(values) if entry["ContextKeyType"] in LISTS else values[0]


def _is_called(role: Role, account: str, name: str) -> bool:
    return role.account == account and role.arn.endswith(f"/{name}")
