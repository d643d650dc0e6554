"""Accounts, roles, sessions and the organization (rules 1 and 3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from backup_simulator.errors import Refused
from backup_simulator.model import Caller, Role
from backup_simulator.policy import decide

SESSION = timedelta(hours=1)
ACCOUNT_DIGITS = 12
BACKUP_SERVICE = "backup.amazonaws.com"


@dataclass(frozen=True, kw_only=True)
class _Session:
    caller: Caller
    until: datetime | None


class Identity:
    """Who is who in a world. Sessions of assumed roles end an hour later, on the virtual clock."""

    def __init__(self, organization_id: str, now: Callable[[], datetime]) -> None:
        self._now = now
        self._organizations: dict[str, str] = {}
        self._default_organization = organization_id
        self._sessions: dict[str, _Session] = {}
        self.roles: dict[str, Role] = {}
        self.cross_account_enabled = True

    def join(self, account: str, organization_id: str | None = None) -> None:
        self._organizations[account] = organization_id or self._default_organization

    def move(self, account: str, organization_id: str) -> None:
        self._organizations[account] = organization_id

    def organization_of(self, account: str) -> str:
        return self._organizations.get(account, "")

    def same_organization(self, *accounts: str) -> bool:
        found = {self.organization_of(account) for account in accounts}
        return len(found) == 1 and "" not in found

    def create_role(
        self, account: str, name: str, path: str, trust: dict[str, Any], policies: tuple[dict[str, Any], ...]
    ) -> str:
        arn = f"arn:aws:iam::{account}:role{path}{name}"
        self.roles[arn] = Role(arn=arn, account=account, trust=deepcopy(trust), policies=deepcopy(policies))
        return arn

    def add_policy(self, account: str, name: str, policy: dict[str, Any]) -> None:
        found = [role for role in self.roles.values() if role.account == account and role.arn.endswith(f"/{name}")]
        if not found:
            raise ValueError(f"account {account} has no role {name}")
        found[0].policies = (*found[0].policies, deepcopy(policy))

    def delete_role(self, role_arn: str) -> None:
        if self.roles.pop(role_arn, None) is None:
            raise ValueError(f"there is no role {role_arn}")

    def service_linked_role(self, account: str) -> str | None:
        """AWS Backup's own role in an account, if somebody made it."""
        arn = self.service_linked_arn(account)
        return arn if arn in self.roles else None

    def service_linked_arn(self, account: str) -> str:
        return f"arn:aws:iam::{account}:role/aws-service-role/{BACKUP_SERVICE}/AWSServiceRoleForBackup"

    def issue(self, caller: Caller, *, ends: bool) -> str:
        """An access key for a caller."""
        key = f"ASIA{len(self._sessions):016d}"
        self._sessions[key] = _Session(caller=caller, until=self._now() + SESSION if ends else None)
        return key

    def caller_of(self, access_key: str) -> Caller:
        """Raises Refused for a key that nobody issued, and for one whose session is over."""
        if len(access_key) == ACCOUNT_DIGITS and access_key.isdecimal():
            # As local clouds do: an account's number is its administrator's key.
            if not self.organization_of(access_key):
                self.join(access_key)
            return Caller(account=access_key, role_arn=None)
        session = self._sessions.get(access_key)
        if session is None:
            raise Refused("UnrecognizedClientException", "The security token included in the request is invalid.")
        if session.until is not None and self._now() >= session.until:
            raise Refused("ExpiredTokenException", "The security token included in the request is expired")
        return session.caller

    def assume(self, caller: Caller, request: Mapping[str, Any]) -> dict[str, Any]:
        """AssumeRole."""
        role = self.roles.get(request["RoleArn"])
        context = {
            "aws:PrincipalAccount": caller.account,
            "aws:PrincipalArn": caller.name,
            "aws:PrincipalOrgID": self.organization_of(caller.account),
            "sts:ExternalId": request.get("ExternalId"),
        }
        if role is None or not self._trusts(role, caller.name, context):
            text = f"User: {caller.name} is not authorized to perform: sts:AssumeRole on resource: {request['RoleArn']}"
            raise Refused("AccessDenied", text, 403)
        key = self.issue(Caller(account=role.account, role_arn=role.arn), ends=True)
        session_arn = role.arn.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/")
        return {
            "Credentials": {
                "AccessKeyId": key,
                "SecretAccessKey": "simulated",
                "SessionToken": "simulated",
                "Expiration": self._now() + SESSION,
            },
            "AssumedRoleUser": {"AssumedRoleId": f"AROA:{key}", "Arn": f"{session_arn}/{request['RoleSessionName']}"},
        }

    def check_passed_role(self, caller: Caller, role_arn: str) -> None:
        """A passed role is of the caller's account and trusts AWS Backup, or the call is refused."""
        role = self.roles.get(role_arn)
        context = {"aws:SourceAccount": caller.account}
        if role is None or role.account != caller.account or not self._trusts(role, BACKUP_SERVICE, context):
            message = f"IAM Role {role_arn} cannot be assumed by AWS Backup"
            raise Refused("InvalidParameterValueException", message)

    def _trusts(self, role: Role, principal: str, context: Mapping[str, Any]) -> bool:
        known = {name: value for name, value in context.items() if value is not None}
        verdict = decide([role.trust], action="sts:AssumeRole", resource=role.arn, context=known, principal=principal)
        return verdict == "allow"
