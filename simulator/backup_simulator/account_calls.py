"""IAM, Organizations and KMS, as far as somebody who may only look asks them.

Shapes and errors are those of the services' models: API_GetRole, API_ListRoles, API_SimulatePrincipalPolicy,
API_DescribeOrganization, API_DescribeKey, API_GetKeyPolicy, API_ListAliases.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from backup_simulator.errors import NotModelled, Refused
from backup_simulator.model import Caller, Key, Role

if TYPE_CHECKING:
    from backup_simulator.world import World

MANAGEMENT = "999999999999"
LISTS = ("stringList", "booleanList", "numericList", "dateList", "ipList", "binaryList")


class AccountCalls:
    """The operations of these three services."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.operations = {
            ("iam", "GetRole"): self._get_role,
            ("iam", "ListRoles"): self._list_roles,
            ("iam", "SimulatePrincipalPolicy"): self._simulate,
            ("organizations", "DescribeOrganization"): self._describe_organization,
            ("kms", "DescribeKey"): self._describe_key,
            ("kms", "GetKeyPolicy"): self._get_key_policy,
            ("kms", "ListAliases"): self._list_aliases,
        }

    def _get_role(self, caller: Caller, _region: str, request: dict[str, Any]) -> dict[str, Any]:
        name = request["RoleName"]
        found = [role for role in self._world.identity.roles.values() if _is_called(role, caller.account, name)]
        if not found:
            raise Refused("NoSuchEntity", f"The role with name {name} cannot be found.", 404)
        return {"Role": self._role(found[0])}

    def _list_roles(self, caller: Caller, _region: str, request: dict[str, Any]) -> dict[str, Any]:
        """All roles of the account in one page. Raises NotModelled for a path prefix."""
        if "PathPrefix" in request:
            raise NotModelled("ListRoles with PathPrefix is not modelled")
        found = [self._role(role) for role in self._world.identity.roles.values() if role.account == caller.account]
        return {"Roles": sorted(found, key=lambda role: str(role["Arn"])), "IsTruncated": False}

    def _role(self, role: Role) -> dict[str, Any]:
        name = role.arn.rpartition("/")[2]
        return {
            "Path": "/" + role.arn.partition(":role/")[2].removesuffix(name),
            "RoleName": name,
            "RoleId": f"AROA{name[:12].upper():X<16}",
            "Arn": role.arn,
            "CreateDate": self._world.now(),
            # As it travels: JSON, URL-encoded (API_Role); clients decode it.
            "AssumeRolePolicyDocument": quote(json.dumps(role.trust)),
        }

    def _simulate(self, caller: Caller, _region: str, request: dict[str, Any]) -> dict[str, Any]:
        """What the policies of a role of one's own account say, with the context that is given."""
        role = self._world.identity.roles.get(request["PolicySourceArn"])
        if role is None or role.account != caller.account:
            raise Refused("NoSuchEntity", f"The role {request['PolicySourceArn']} cannot be found.", 404)
        context = {entry["ContextKeyName"]: _context_value(entry) for entry in request.get("ContextEntries", [])}
        results = [
            {
                "EvalActionName": action,
                "EvalResourceName": resource,
                "EvalDecision": "allowed"
                if self._world.access.role_may(role, action, resource, context)
                else "implicitDeny",
                "MatchedStatements": [],
                "MissingContextValues": [],
            }
            for action in request["ActionNames"]
            for resource in request.get("ResourceArns", ["*"])
        ]
        return {"EvaluationResults": results, "IsTruncated": False}

    def _describe_organization(self, caller: Caller, _region: str, _request: dict[str, Any]) -> dict[str, Any]:
        organization = self._world.identity.organization_of(caller.account)
        if not organization:
            raise Refused("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
        arn = f"arn:aws:organizations::{MANAGEMENT}"
        return {
            "Organization": {
                "Id": organization,
                "Arn": f"{arn}:organization/{organization}",
                "FeatureSet": "ALL",
                "MasterAccountArn": f"{arn}:account/{organization}/{MANAGEMENT}",
                "MasterAccountId": MANAGEMENT,
            }
        }

    def _key(self, caller: Caller, region: str, request: dict[str, Any]) -> Key:
        """A key by its ARN or id. Another account's key shows itself to nobody here."""
        wanted = request["KeyId"]
        arn = wanted if wanted.startswith("arn:") else f"arn:aws:kms:{region}:{caller.account}:key/{wanted}"
        key = self._world.keys.get(arn)
        if arn.split(":")[3:5] != [region, caller.account]:
            raise Refused("AccessDeniedException", f"{caller.name} is not authorized to access {wanted}")
        if key is None:
            raise Refused("NotFoundException", f"Key '{arn}' does not exist")
        return key

    def _describe_key(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        key = self._key(caller, region, request)
        return {
            "KeyMetadata": {
                "KeyId": key.arn.rpartition("/")[2],
                "AWSAccountId": key.account,
                "Arn": key.arn,
                "Enabled": key.enabled,
                "KeyState": key.state,
                "KeyManager": "AWS" if key.managed_by else "CUSTOMER",
                "KeyUsage": "ENCRYPT_DECRYPT",
            }
        }

    def _get_key_policy(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        key = self._key(caller, region, request)
        root = {"AWS": f"arn:aws:iam::{key.account}:root"}
        # What KMS gives a key for which nobody wrote a policy (key-policy-default).
        default = {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}
        policy = key.policy or {"Version": "2012-10-17", "Statement": [default]}
        return {"Policy": json.dumps(policy), "PolicyName": "default"}

    def _list_aliases(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        key = self._key(caller, region, request)
        name = f"alias/{key.managed_by}"
        owner = key.arn.partition(":key/")[0]
        alias = {"AliasName": name, "AliasArn": f"{owner}:{name}", "TargetKeyId": key.arn.rpartition("/")[2]}
        return {"Aliases": [alias] if key.managed_by else [], "Truncated": False}


def _context_value(entry: dict[str, Any]) -> Any:
    values = entry["ContextKeyValues"]
    return tuple(values) if entry["ContextKeyType"] in LISTS else values[0]


def _is_called(role: Role, account: str, name: str) -> bool:
    return role.account == account and role.arn.endswith(f"/{name}")
