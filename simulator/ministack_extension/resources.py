"""The resource types of CloudFormation that ministack lacks or only sketches: AWS::Backup::*, EventBusPolicy.

CloudFormation acts here as the account itself. The permissions of the deploying role are not checked, as everywhere in
ministack's CloudFormation.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import eventbridge
from ministack.services.cloudformation import provisioners

from backup_simulator.model import vault_arn
from backup_simulator.world import World
from ministack_extension.mirror import Mirror

Properties = dict[str, Any]
Made = tuple[str, dict[str, str]]
NUMBERS = {
    "CompletionWindowMinutes",
    "DeleteAfterDays",
    "MoveToColdStorageAfterDays",
    "StartWindowMinutes",
    "MinRetentionDays",
    "MaxRetentionDays",
    "ChangeableForDays",
    "MaximumConcurrency",
}
MAPPING = "AWS::Lambda::EventSourceMapping"


class BackupResources:
    """Creates, changes and deletes them in a world."""

    def __init__(self, world: World, mirror: Mirror, lock: AbstractContextManager[Any]) -> None:
        self._world = world
        self._mirror = mirror
        self._lock = lock

    def install(self) -> None:
        """Register them with ministack's CloudFormation."""
        kinds: dict[str, tuple[Callable[..., Any], ...]] = {
            "AWS::Backup::BackupVault": (self._create_vault, self._update_vault, self._delete_vault),
            "AWS::Backup::BackupPlan": (self._create_plan, self._update_plan, self._delete_plan),
            "AWS::Backup::BackupSelection": (self._create_selection, self._update_selection, self._delete_selection),
            "AWS::Events::EventBusPolicy": (_create_bus_policy, _update_bus_policy, _delete_bus_policy),
        }
        for kind, (create, update, delete) in kinds.items():
            handlers = {"create": create, "update": update, "delete": delete}
            provisioners._RESOURCE_HANDLERS[kind] = handlers
        provisioners._RESOURCE_HANDLERS[MAPPING] = _numbering(provisioners._RESOURCE_HANDLERS[MAPPING])

    def _call(self, operation: str, **request: Any) -> dict[str, Any]:
        with self._lock:
            self._mirror.refresh()
            return self._world.call(get_account_id(), get_region(), "backup", operation, request)

    def _create_vault(self, _logical_id: str, properties: Properties, _stack: str) -> Made:
        name = properties["BackupVaultName"]
        given = {"EncryptionKeyArn": properties["EncryptionKeyArn"]} if "EncryptionKeyArn" in properties else {}
        made = self._call("CreateBackupVault", BackupVaultName=name, **given)
        self._guard_vault(name, properties)
        return name, {"BackupVaultArn": made["BackupVaultArn"], "BackupVaultName": name}

    def _guard_vault(self, name: str, properties: Properties) -> None:
        """Lock and policy, in this order, because the policy may deny changes of both to the account itself."""
        vault = self._world.vault_by_arn(vault_arn(get_account_id(), get_region(), name))
        vault.policy = None
        if lock := properties.get("LockConfiguration"):
            self._call("PutBackupVaultLockConfiguration", BackupVaultName=name, **_numbered(lock))
        elif vault.lock:
            self._call("DeleteBackupVaultLockConfiguration", BackupVaultName=name)
        if policy := properties.get("AccessPolicy"):
            self._call("PutBackupVaultAccessPolicy", BackupVaultName=name, Policy=json.dumps(policy))

    def _update_vault(self, physical_id: str, _old: Properties, new: Properties, _stack: str) -> Made:
        self._guard_vault(physical_id, new)
        arn = vault_arn(get_account_id(), get_region(), physical_id)
        return physical_id, {"BackupVaultArn": arn, "BackupVaultName": physical_id}

    def _delete_vault(self, physical_id: str, _properties: Properties) -> None:
        self._world.vault_by_arn(vault_arn(get_account_id(), get_region(), physical_id)).policy = None
        self._call("DeleteBackupVault", BackupVaultName=physical_id)

    def _create_plan(self, _logical_id: str, properties: Properties, _stack: str) -> Made:
        plan = _numbered(properties["BackupPlan"])
        rules = [
            {("TargetBackupVaultName" if name == "TargetBackupVault" else name): value for name, value in rule.items()}
            for rule in plan.pop("BackupPlanRule")
        ]
        made = self._call("CreateBackupPlan", BackupPlan={**plan, "Rules": rules})
        return made["BackupPlanId"], {name: made[name] for name in ("BackupPlanId", "BackupPlanArn", "VersionId")}

    def _update_plan(self, physical_id: str, _old: Properties, new: Properties, stack: str) -> Made:
        """Replace the plan. Unlike in AWS, a changed plan gets another id."""
        made = self._create_plan("", new, stack)
        self._world.plans[made[0]].selections = self._world.plans[physical_id].selections
        self._world.plans[physical_id].ended = True
        return made

    def _delete_plan(self, physical_id: str, _properties: Properties) -> None:
        self._call("DeleteBackupPlan", BackupPlanId=physical_id)

    def _create_selection(self, _logical_id: str, properties: Properties, _stack: str) -> Made:
        plan_id = properties["BackupPlanId"]
        given = {"BackupPlanId": plan_id, "BackupSelection": properties["BackupSelection"]}
        selection_id = self._call("CreateBackupSelection", **given)["SelectionId"]
        return f"{selection_id}|{plan_id}", {"SelectionId": selection_id, "BackupPlanId": plan_id}

    def _update_selection(self, physical_id: str, old: Properties, new: Properties, stack: str) -> Made:
        made = self._create_selection("", new, stack)
        self._delete_selection(physical_id, old)
        return made

    def _delete_selection(self, physical_id: str, _properties: Properties) -> None:
        selection_id, _, plan_id = physical_id.partition("|")
        self._call("DeleteBackupSelection", BackupPlanId=plan_id, SelectionId=selection_id)


def _numbered(value: Any) -> Any:
    """Days and minutes as numbers. CloudFormation passes values of parameters as text."""
    if isinstance(value, dict):
        return {name: int(each) if name in NUMBERS else _numbered(each) for name, each in value.items()}
    return [_numbered(each) for each in value] if isinstance(value, list) else value


def _numbering(handlers: dict[str, Any]) -> dict[str, Any]:
    """An event source mapping's handlers with numbers. ministack passes values of parameters as text."""
    create, update = handlers["create"], handlers["update"]
    return handlers | {
        "create": lambda logical_id, properties, stack: create(logical_id, _numbered(properties), stack),
        "update": lambda physical_id, old, new, stack: update(physical_id, old, _numbered(new), stack),
    }


def _create_bus_policy(_logical_id: str, properties: Properties, stack: str) -> Made:
    bus, sid = properties.get("EventBusName", "default"), properties["StatementId"]
    statement = {**properties["Statement"], "Sid": sid}
    policy = eventbridge._event_bus_policies.setdefault(bus, {"Version": "2012-10-17", "Statement": []})
    policy["Statement"] = [each for each in policy["Statement"] if each["Sid"] != sid] + [statement]
    return f"{stack}|{sid}", {}


def _update_bus_policy(physical_id: str, old: Properties, new: Properties, stack: str) -> Made:
    _delete_bus_policy(physical_id, old)
    return _create_bus_policy("", new, stack)


def _delete_bus_policy(_physical_id: str, properties: Properties) -> None:
    bus, sid = properties.get("EventBusName", "default"), properties["StatementId"]
    policy = eventbridge._event_bus_policies[bus]
    policy["Statement"] = [each for each in policy["Statement"] if each["Sid"] != sid]
