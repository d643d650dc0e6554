"""Accounts, roles, sessions and the organization (rules 1 and 3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from backup_simulator.errors import NotModelled, Refused
from backup_simulator.model import Caller, Role
from backup_simulator.policy import decide
from backup_simulator.policy_checks import Kind, check_policy, read_policy

SESSION = timedelta(hours=1)
ACCOUNT_DIGITS = 12
ARN_PARTS = 6
MEMORY = 10_000
MALFORMED = "MalformedPolicyDocument"
BACKUP_SERVICE = "backup.amazonaws.com"


@dataclass(frozen=True, kw_only=True)
class _Session:
    caller: Caller
    until: datetime | None


class Identity:
    """The identities of a world. Sessions of assumed roles end an hour later, on the virtual clock."""

    def __init__(self, organization_id: str, now: Callable[[], datetime]) -> None:
        self._now = now
        self._organizations: dict[str, str] = {}
        self._partitions: dict[str, str] = {}
        self._default_organization = organization_id
        self._sessions: dict[str, _Session] = {}
        self.roles: dict[str, Role] = {}
        self.service_control: dict[str, tuple[tuple[dict[str, Any], ...], ...]] = {}
        self.cross_account_enabled = True
        self._trusted: dict[tuple[Any, ...], tuple[Any, bool]] = {}

    def join(self, account: str, organization_id: str | None = None) -> None:
        self._organizations[account] = organization_id or self._default_organization

    def move(self, account: str, organization_id: str) -> None:
        self._organizations[account] = organization_id

    def organization_of(self, account: str) -> str:
        return self._organizations.get(account, "")

    def same_organization(self, *accounts: str) -> bool:
        """An organization is within one partition."""
        found = {(self.partition_of(account), self.organization_of(account)) for account in accounts}
        return len(found) == 1 and all(organization for _, organization in found)

    def settle(self, account: str, partition: str | None = None) -> str:
        """An account's partition, for good from the first role or Region on. Raises ValueError for another one."""
        known = self._partitions.setdefault(account, partition or "aws")
        if partition not in (None, known):
            raise ValueError(f"account {account} is of the partition {known} and has no Regions of {partition}")
        return known

    def partition_of(self, account: str) -> str:
        return self._partitions.get(account, "aws")

    def caller(self, account: str, role_arn: str | None = None) -> Caller:
        """One of an account's roles, or its administrator."""
        return Caller(account=account, role_arn=role_arn, partition=self.partition_of(account))

    def context_of(self, account: str, arn: str) -> dict[str, Any]:
        """The condition keys about the caller that every request has."""
        organization = self.organization_of(account)
        return {"aws:PrincipalAccount": account, "aws:PrincipalArn": arn, "aws:PrincipalOrgID": organization}

    def about(self, action: str, resource: str, account: str) -> dict[str, str]:
        """The condition keys about what a request of an account is about, and KMS's own name for the caller's account.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html and kms/conditions-kms.
        A resource without an account in its ARN is the caller's own.
        """
        parts = resource.split(":", ARN_PARTS - 1)
        owner = parts[4] if len(parts) == ARN_PARTS and parts[4] else account
        organization = self.organization_of(owner)
        found = {"aws:ResourceAccount": owner} | ({"aws:ResourceOrgID": organization} if organization else {})
        return found | {"kms:CallerAccount": account} if action.startswith("kms:") else found

    def create_role(
        self,
        account: str,
        name: str,
        *,
        path: str,
        trust: dict[str, Any],
        policies: tuple[dict[str, Any], ...],
        boundary: dict[str, Any] | None = None,
    ) -> str:
        """A role; its ARN. Raises Refused or NotModelled for a policy."""
        check_policy(trust, Kind.TRUST, MALFORMED)
        for policy in (*policies, *([] if boundary is None else [boundary])):
            check_policy(policy, Kind.IDENTITY, MALFORMED)
        arn = f"arn:{self.settle(account)}:iam::{account}:role{path}{name}"
        self.roles[arn] = Role(
            arn=arn,
            account=account,
            trust=deepcopy(trust),
            policies=deepcopy(policies),
            boundary=deepcopy(boundary),
            created_at=self._now(),
        )
        return arn

    def bound(self, role_arn: str, boundary: dict[str, Any] | None) -> None:
        if role_arn not in self.roles:
            raise ValueError(f"there is no role {role_arn}")
        if boundary is not None:
            check_policy(boundary, Kind.IDENTITY, MALFORMED)
        self.roles[role_arn].boundary = deepcopy(boundary)

    def add_policy(self, account: str, name: str, policy: dict[str, Any]) -> None:
        found = [role for role in self.roles.values() if role.account == account and role.arn.endswith(f"/{name}")]
        if not found:
            raise ValueError(f"account {account} has no role {name}")
        check_policy(policy, Kind.IDENTITY, MALFORMED)
        found[0].policies = (*found[0].policies, deepcopy(policy))

    def set_service_control(self, account: str, levels: Sequence[Sequence[dict[str, Any]]]) -> None:
        for policy in (each for level in levels for each in level):
            check_policy(policy, Kind.IDENTITY, MALFORMED)
        self.service_control[account] = deepcopy(tuple(tuple(level) for level in levels))

    def delete_role(self, role_arn: str) -> None:
        if self.roles.pop(role_arn, None) is None:
            raise ValueError(f"there is no role {role_arn}")

    def service_linked_role(self, account: str) -> str | None:
        """AWS Backup's service-linked role in an account, if it exists."""
        arn = self.service_linked_arn(account)
        return arn if arn in self.roles else None

    def service_linked_arn(self, account: str) -> str:
        role = f"role/aws-service-role/{BACKUP_SERVICE}/AWSServiceRoleForBackup"
        return f"arn:{self.partition_of(account)}:iam::{account}:{role}"

    def issue(self, caller: Caller, *, ends: bool) -> str:
        """An access key for a caller."""
        key = f"ASIA{len(self._sessions):016d}"
        self._sessions[key] = _Session(caller=caller, until=self._now() + SESSION if ends else None)
        return key

    def admit(self, access_key: str, caller: Caller) -> None:
        """Accept a key that another simulator issued. That simulator also ends it."""
        self._sessions[access_key] = _Session(caller=caller, until=None)

    def caller_of(self, access_key: str) -> Caller:
        """Raises Refused for a key that was not issued, or with an expired session."""
        if len(access_key) == ACCOUNT_DIGITS and access_key.isdecimal():
            # As local clouds do: an account's number is its administrator's key.
            if not self.organization_of(access_key):
                self.join(access_key)
            return self.caller(access_key)
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
            **self.context_of(caller.account, caller.name),
            "sts:ExternalId": request.get("ExternalId"),
            "sts:RoleSessionName": request["RoleSessionName"],
        }
        if role is None or not self._trusts(role, caller.name, context):
            text = f"User: {caller.name} is not authorized to perform: sts:AssumeRole on resource: {request['RoleArn']}"
            raise Refused("AccessDenied", text, 403)
        session_policy = _session_policy(request)
        assumed = Caller(account=role.account, role_arn=role.arn, session_policy=session_policy)
        key = self.issue(assumed, ends=True)
        # The ARN of a session names its role without the path (reference_identifiers).
        session_arn = (
            f"{role.arn.partition(':role/')[0].replace(':iam:', ':sts:')}:assumed-role/{role.arn.rpartition('/')[2]}"
        )
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
        if not self.is_assumable(role_arn, caller.account):
            message = f"IAM Role {role_arn} cannot be assumed by AWS Backup"
            raise Refused("InvalidParameterValueException", message)

    def is_assumable(self, role_arn: str, account: str) -> bool:
        """Whether a role exists in an account and trusts AWS Backup."""
        role = self.roles.get(role_arn)
        context = {"aws:SourceAccount": account}
        return role is not None and role.account == account and self._trusts(role, BACKUP_SERVICE, context)

    def _trusts(self, role: Role, principal: str, context: Mapping[str, Any]) -> bool:
        """Cached until the trust policy changes."""
        given = self.about("sts:AssumeRole", role.arn, role.account)
        given |= {name: value for name, value in context.items() if value is not None}
        place = (role.arn, principal, *given.items())
        known = self._trusted.get(place)
        if known is None or known[0] is not role.trust:
            if len(self._trusted) > MEMORY:
                self._trusted.clear()
            asked: dict[str, Any] = {"resource": role.arn, "context": given, "principal": principal}
            says = decide([role.trust], action="sts:AssumeRole", **asked) == "allow"
            known = self._trusted[place] = (role.trust, says)
        return known[1]


def _session_policy(request: Mapping[str, Any]) -> str | None:
    """The session policy, if any. Raises Refused for a malformed one, NotModelled."""
    if request.get("PolicyArns"):
        raise NotModelled("AssumeRole with PolicyArns is not modelled: give the document as Policy")
    text = request.get("Policy")
    if text is None:
        return None
    read_policy(text, Kind.IDENTITY, MALFORMED)
    return str(text)
