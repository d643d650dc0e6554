"""Decides who may do what, by the documents of identity policies, vault policies and key policies.

Every denial is a line of the trace, with its reason. `called_resources` says what a call is about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from backup_simulator.authority import Authority, Grant
from backup_simulator.called_resources import backup_resource, of_bus, passed_roles, sources
from backup_simulator.errors import Refused
from backup_simulator.functions import function_arn
from backup_simulator.ground import Ground
from backup_simulator.identity import Identity
from backup_simulator.model import Caller, Key, Role, Vault, backup_key_arn, site_of, vault_arn
from backup_simulator.policy import decide
from backup_simulator.queues import Queues
from backup_simulator.regions import partition_of
from backup_simulator.switches import CopyFromAskedOf
from backup_simulator.vaults import Vaults

# Calls with an IAM action that has another name than the operation.
ACTIONS = {
    ("sqs", "SendMessageBatch"): "sqs:SendMessage",
    ("lambda", "Invoke"): "lambda:InvokeFunction",
    ("service-quotas", "ListServiceQuotas"): "servicequotas:ListServiceQuotas",
}

# The code and HTTP status of a denial, where they are not AccessDenied and 403 (botocore's models, published logs).
DENIALS = {
    "backup": ("AccessDeniedException", 403),
    "events": ("AccessDeniedException", 400),
    "kms": ("AccessDeniedException", 400),
    "organizations": ("AccessDeniedException", 400),
    "service-quotas": ("AccessDeniedException", 400),
    "lambda": ("AccessDeniedException", 403),
    "scheduler": ("AccessDeniedException", 403),
    "sns": ("AuthorizationError", 403),
}
# What CreateBackupVault asks of its key (create-a-vault).
KEY_OF_VAULT = ("kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant", "kms:Decrypt", "kms:GenerateDataKey")


class Access:
    """The only place that evaluates policies.

    With `enforced` False every caller and every passed role may do everything. Trust policies, and the policies of
    vaults and keys in a copy job, are still evaluated.
    """

    def __init__(
        self,
        ground: Ground,
        identity: Identity,
        *,
        vaults: Vaults,
        keys: Mapping[str, Key],
        queues: Queues,
        enforced: bool,
    ) -> None:
        self._ground = ground
        self._identity = identity
        self._vaults = vaults
        self._keys = keys
        self._queues = queues
        self.enforced = enforced
        self._authority = Authority(identity)
        self._of_keys: dict[tuple[str, tuple[str, ...], str, bool], tuple[Any, str, bool]] = {}

    def check(self, caller: Caller, region: str, service: str, operation: str, request: Mapping[str, Any]) -> None:
        """Raises Refused if the caller may not make this call, with the error of the called service."""
        if not self.enforced or operation == "GetCallerIdentity":
            return
        try:
            self._check(caller, region, service, operation, request)
        except Refused as refused:
            code, status = DENIALS.get(service, ("AccessDenied", 403))
            raise Refused(code, refused.message, status) from refused

    def _check(self, caller: Caller, region: str, service: str, operation: str, request: Mapping[str, Any]) -> None:
        action = ACTIONS.get((service, operation), f"{service}:{operation}")
        resource = self._resource(caller, region, service, operation, request)
        vault = self._vault(caller, region, request) if service == "backup" else None
        context = {"events:source": sources(request)} if service == "events" else self._aliases(resource)
        self._demand(caller, region, action, resource, vault=vault, context=context)
        for role_arn, receiver in passed_roles(service, request):
            self._demand(caller, region, "iam:PassRole", role_arn, context={"iam:PassedToService": receiver})
        if service != "backup":
            return
        if operation == "CreateBackupVault":
            self._demand_for_vault(caller, region, resource, request)
        if operation == "ListTags" and ":rds:" in resource and self._ground.unknown.list_tags_asks_rds:
            self._demand(caller, region, "rds:ListTagsForResource", resource)
        if operation == "StartCopyJob" and self._ground.unknown.copy_from_asked_of is CopyFromAskedOf.CALLER_TOO:
            targets = {"backup:CopyTargets": (request["DestinationBackupVaultArn"],)}
            self._demand(caller, region, "backup:CopyFromBackupVault", resource, vault=vault, context=targets)

    def _demand_for_vault(self, caller: Caller, region: str, vault: str, request: Mapping[str, Any]) -> None:
        """The rights that CreateBackupVault needs besides its own (create-a-vault, "Required permissions").

        An AWS managed key allows its account by its own policy. That tags need backup:TagResource is said of jobs only.
        """
        self._demand(caller, region, "backup-storage:MountCapsule", "*")
        if request.get("BackupVaultTags"):
            self._demand(caller, region, "backup:TagResource", vault)
        key = self._keys.get(request.get("EncryptionKeyArn", ""))
        if key is None or key.managed_by:
            return
        for action in KEY_OF_VAULT:
            named = key.policy is not None and self._named_by_key(
                key, (action,), caller.account, caller.name, by_name=True
            )
            if not named and not self.key_admits(key, (action,), caller.account, caller.name):
                self._refuse(caller, region, action, key.arn, "because no resource-based policy allows the action")
            use = self._use_of_key(key, action, caller.account, caller.name)
            verdict = self._authority.verdict(caller, action, key.arn, use)
            if verdict.outcome == "deny" or (verdict.outcome == "none" and not named):
                self._refuse(caller, region, action, key.arn, verdict.reason)

    def record_grants(self) -> Counter[Grant]:
        """Record from now on what roles are allowed and by which statement; return the growing record."""
        self._authority.grants = Counter()
        return self._authority.grants

    def role_may(self, role: Role, action: str, resource: str, context: Mapping[str, Any] | None = None) -> bool:
        """Whether all policies of a role together allow an action."""
        if not self.enforced:
            return True
        return self._authority.verdict(role.caller, action, resource, context or {}).outcome == "allow"

    def role_decision(self, role: Role, action: str, resource: str, context: Mapping[str, Any]) -> str:
        """What SimulatePrincipalPolicy answers: `allowed`, `explicitDeny` or `implicitDeny`."""
        if not self.enforced:
            return "allowed"
        outcome = self._authority.verdict(role.caller, action, resource, context).outcome
        return {"allow": "allowed", "deny": "explicitDeny"}.get(outcome, "implicitDeny")

    def role_may_always(self, role: Role, actions: tuple[str, ...]) -> bool:
        """Whether a role may do all these actions for every copy."""
        return not self.enforced or self._authority.always_allows(role.caller, actions)

    def describes_backup_key(self, role: Role, region: str) -> bool:
        """Whether a role may describe the key aws/backup of its account in a Region."""
        context = {"aws:RequestedRegion": region, "kms:ResourceAliases": ("alias/aws/backup",)}
        return self.role_may(role, "kms:DescribeKey", backup_key_arn(role.account, region), context)

    def vault_admits(self, vault: Vault, account: str, role_arn: str) -> bool:
        """Cross-account copies need an Allow of the vault's policy; inside an account only a Deny matters."""
        if not vault.policy:
            return vault.account == account
        verdict = decide(
            [vault.policy],
            action="backup:CopyIntoBackupVault",
            resource=vault.arn,
            context=self._identity.context_of(account, role_arn)
            | self._identity.about("backup:CopyIntoBackupVault", vault.arn, account),
            principal=role_arn,
        )
        return verdict == "allow" or (verdict == "none" and vault.account == account)

    def key_admits(self, key: Key, actions: tuple[str, ...], account: str, role_arn: str) -> bool:
        """Whether a key's policy lets a role of AWS Backup use it. A key without a policy allows its own account."""
        if key.managed_by or key.policy is None:
            return key.account == account
        return self._named_by_key(key, actions, account, role_arn, by_name=False)

    def key_serves(self, key: Key, actions: tuple[str, ...], role: Role) -> bool:
        """Whether a role of the key's account may use it: by the key's policy that names the role, or by that and IAM.

        "Allowing access to the account" lets IAM policies decide (kms/key-policy-default); without it they count for
        nothing.
        """
        if key.managed_by:
            return True
        if key.policy is not None and self._named_by_key(key, actions, role.account, role.arn, by_name=True):
            return True
        return self.key_admits(key, actions, role.account, role.arn) and (
            self.role_may_always(role, actions)
            or all(
                self.role_may(role, each, key.arn, self._use_of_key(key, each, role.account, role.arn))
                for each in actions
            )
        )

    def _named_by_key(self, key: Key, actions: tuple[str, ...], account: str, arn: str, *, by_name: bool) -> bool:
        """What a key's policy says about a role. Cached until the document or the role's organization changes."""
        organization = self._identity.organization_of(account)
        place = (key.arn, actions, arn, by_name)
        known = self._of_keys.get(place)
        if known is None or known[0] is not key.policy or known[1] != organization:
            says = all(self._key_allows(key, each, account, arn, by_name=by_name) for each in actions)
            known = self._of_keys[place] = (key.policy, organization, says)
        return known[2]

    def _key_allows(self, key: Key, action: str, account: str, arn: str, *, by_name: bool) -> bool:
        context = self._use_of_key(key, action, account, arn)
        documents = [key.policy] if key.policy is not None else []
        asked: dict[str, Any] = {"action": action, "resource": key.arn, "context": context, "principal": arn}
        return decide(documents, **asked, by_name=by_name) == "allow"

    def _use_of_key(self, key: Key, action: str, account: str, role_arn: str) -> dict[str, Any]:
        """Grants are for an AWS resource; only calls about grants carry that key (kms/conditions-kms)."""
        granted = {"kms:GrantIsForAWSResource": "true"} if action == "kms:CreateGrant" else {}
        region = {"aws:RequestedRegion": site_of(key.arn)[1]}
        about = self._identity.about(action, key.arn, account)
        return self._identity.context_of(account, role_arn) | about | region | granted

    def _demand(
        self,
        caller: Caller,
        region: str,
        action: str,
        resource: str,
        *,
        vault: Vault | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> None:
        given = {"aws:RequestedRegion": region, **(context or {})}
        by_vault = "none"
        if vault is not None and vault.policy:
            about = self._identity.about(action, resource, caller.account)
            who = {**self._identity.context_of(caller.account, caller.name), **about, **given}
            by_vault = decide([vault.policy], action=action, resource=resource, context=who, principal=caller.name)
        if by_vault == "deny":
            self._refuse(caller, region, action, resource, "with an explicit deny in a resource-based policy")
        verdict = self._authority.verdict(caller, action, resource, given)
        if verdict.outcome == "deny" or (verdict.outcome == "none" and by_vault == "none"):
            self._refuse(caller, region, action, resource, verdict.reason)

    def _aliases(self, resource: str) -> dict[str, Any]:
        """The condition key kms:ResourceAliases (kms/conditions-kms). Only AWS managed keys have an alias here."""
        key = self._keys.get(resource)
        return {"kms:ResourceAliases": (f"alias/{key.managed_by}",)} if key is not None and key.managed_by else {}

    def _refuse(self, caller: Caller, region: str, action: str, resource: str, reason: str) -> None:
        text = f"User: {caller.name} is not authorized to perform: {action} on resource: {resource} {reason}"
        self._ground.note("denied", caller.account, region, text, action=action, resource=resource)
        raise Refused("AccessDenied", text, 403)

    def _vault(self, caller: Caller, region: str, request: Mapping[str, Any]) -> Vault | None:
        name = request.get("BackupVaultName") or request.get("SourceBackupVaultName")
        return self._vaults.find(vault_arn(caller.account, region, str(name))) if name else None

    def _resource(self, caller: Caller, region: str, service: str, operation: str, request: Mapping[str, Any]) -> str:
        """The ARN that IAM sees."""
        match service:
            case "backup":
                return backup_resource(caller, region, operation, request)
            case "iam" if "RoleName" in request:
                return self._role_arn(caller, request)
            case "sqs":
                named = f"arn:{partition_of(region)}:sqs:{region}:{caller.account}:{request.get('QueueName')}"
                queue = self._queues.by_url.get(request.get("QueueUrl", ""))
                return named if "QueueName" in request else queue.arn if queue else "*"
            case "lambda" if "FunctionName" in request:
                name = str(request["FunctionName"])
                return name if name.startswith("arn:") else function_arn(caller, region, name)
            case "events":
                return f"arn:{partition_of(region)}:events:{region}:{caller.account}:{of_bus(operation, request)}"
            case "rds" if "DBSnapshotIdentifier" in request:
                name = request["DBSnapshotIdentifier"]
                return f"arn:{partition_of(region)}:rds:{region}:{caller.account}:snapshot:{name}"
            case "kms" if "KeyId" in request:
                key = str(request["KeyId"])
                named = key if key.startswith("arn:") else f"key/{key}"
                return key if key == named else f"arn:{partition_of(region)}:kms:{region}:{caller.account}:{named}"
            case _:
                return str(request.get("TopicArn") or request.get("RoleArn") or "*")

    def _role_arn(self, caller: Caller, request: Mapping[str, Any]) -> str:
        """The ARN of an existing role, or of one that will be made."""
        name = request["RoleName"]
        owned = (arn for arn, role in self._identity.roles.items() if role.account == caller.account)
        made = f"arn:{caller.partition}:iam::{caller.account}:role{request.get('Path', '/')}{name}"
        return next((arn for arn in owned if arn.endswith(f"/{name}")), made)
