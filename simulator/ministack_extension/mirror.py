"""Copies ministack's roles with their policies, its keys and its sessions into the world."""

from __future__ import annotations

import json
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import iam, kms, sts

from backup_simulator.errors import NotModelled, Refused
from backup_simulator.model import Caller, Key, Role
from backup_simulator.world import World


class Mirror:
    """Keeps a world's roles and keys equal to ministack's. Resources created in the world itself do not change."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._roles: dict[str, str] = {}
        self._keys: dict[str, Any] = {}

    def refresh(self) -> None:
        """Copy the changes since the last call."""
        found = {role["Arn"]: (account, role) for (account, _), role in iam._roles.to_dict().items()}
        for arn in self._roles.keys() - found.keys():
            del self._roles[arn]
            self._world.account(arn.split(":")[4]).delete_role(arn)
        for arn, (account, role) in found.items():
            self._refresh_role(arn, account, role)
        for (account, region, _), key in kms._keys.all_items():
            self._refresh_key(account, region, key)

    def _refresh_role(self, arn: str, account: str, role: dict[str, Any]) -> None:
        attached = [_managed(each, account) for each in role.get("AttachedPolicies", [])]
        inline = [_document(each) for each in (role.get("InlinePolicies") or {}).values()]
        bound = role.get("PermissionsBoundary")
        trust, boundary = _document(role["AssumeRolePolicyDocument"]), _managed(bound, account) if bound else None
        seen = json.dumps([trust, inline, attached, boundary], sort_keys=True)
        if self._roles.get(arn) != seen:
            # As it is, because a policy that the world cannot evaluate must not stop the calls of other roles.
            self._world.account(account)
            self._world.roles[arn] = Role(
                arn=arn,
                account=account,
                trust=trust,
                policies=(*inline, *attached),
                boundary=boundary,
                created_at=self._world.now(),
            )
            self._roles[arn] = seen

    def _refresh_key(self, account: str, region: str, key: dict[str, Any]) -> None:
        state = (key["Policy"], key["KeyState"], _alias_of_aws(account, region, key["KeyId"]))
        if self._keys.get(key["Arn"]) != state:
            policy, is_enabled = _document(state[0]), state[1] == "Enabled"
            self._world.keys[key["Arn"]] = Key(
                arn=key["Arn"], account=account, policy=policy, managed_by=state[2], enabled=is_enabled
            )
            self._keys[key["Arn"]] = state

    def admit(self, access_key: str, session_token: str | None) -> None:
        """Register a session of ministack in the world. Raises Refused for an invalid one."""
        session = sts._sessions.get(access_key)
        if session is None:
            return
        account = str(session["Arn"]).split(":")[4]
        who = iam_evaluator.resolve_credential(access_key, account, session_token)
        if isinstance(who, iam_evaluator.CredentialResolutionError):
            raise Refused(who.code, who.message, 403)
        if who.principal_type != "AssumedRole":
            raise NotModelled(f"{who.principal_arn} is no role: only roles and accounts call AWS Backup here")
        role = iam._roles.get_scoped(account, None, who.principal_arn.split("/")[1])
        if role is None:
            raise Refused("UnrecognizedClientException", f"The role of {who.principal_arn} does not exist any more.")
        narrowed = (session.get("SessionPolicies") or {}).get("Policy")
        self._world.admit_key(access_key, Caller(account=account, role_arn=role["Arn"], session_policy=narrowed))


def _document(text: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text) if isinstance(text, str) else text
    return found


def _managed(arn: str, account: str) -> dict[str, Any]:
    """A managed policy. A missing one allows nothing."""
    found = iam_evaluator._resolve_managed_policy_document(arn, account)
    return _document(found) if found else {"Statement": []}


def _alias_of_aws(account: str, region: str, key_id: str) -> str | None:
    """The name aws/... of a key that AWS manages."""
    for alias, target in kms._aliases.items_scoped(account, region):
        name = str(alias).partition(":alias/")[2]
        if target == key_id and name.startswith("aws/"):
            return name
    return None
