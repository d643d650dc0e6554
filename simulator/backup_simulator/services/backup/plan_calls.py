"""Backup plans and their selections by their operations.

https://docs.aws.amazon.com/aws-backup/latest/devguide/API_CreateBackupPlan.html and its neighbours.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from backup_simulator.errors import Refused
from backup_simulator.faults import FaultPlan
from backup_simulator.ground import Ground
from backup_simulator.identity import Identity
from backup_simulator.model import Caller, Operation
from backup_simulator.paging import paged
from backup_simulator.services.backup.plans import Plan, Plans
from backup_simulator.vaults import Vaults

VERSION = "1"
# Per backup rule (aws-backup-limits).
MOST_COPY_ACTIONS = 5


class PlanCalls:
    """The operations about plans and selections."""

    def __init__(self, ground: Ground, vaults: Vaults, identity: Identity, *, plans: Plans, faults: FaultPlan) -> None:
        self._ground = ground
        self._vaults = vaults
        self._identity = identity
        self._plans = plans
        self._faults = faults
        self.operations: dict[str, Operation] = {
            "CreateBackupPlan": self._create,
            "GetBackupPlan": self._get,
            "ListBackupPlans": self._list,
            "DeleteBackupPlan": self._delete,
            "CreateBackupSelection": self._select,
            "GetBackupSelection": self._get_selection,
            "ListBackupSelections": self._list_selections,
            "DeleteBackupSelection": self._delete_selection,
        }

    def _of(self, caller: Caller, region: str, plan_id: str) -> Plan:
        plan = self._plans.by_id.get(plan_id)
        if plan is None or (plan.account, plan.region) != (caller.account, region):
            raise Refused("ResourceNotFoundException", f"Cannot find Backup plan with ID {plan_id}")
        return plan

    def _create(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        document = request["BackupPlan"]
        for rule in document["Rules"]:
            self._vaults.named(caller.account, region, rule["TargetBackupVaultName"])
            if len(rule.get("CopyActions", [])) > MOST_COPY_ACTIONS:
                text = f"A rule has at most {MOST_COPY_ACTIONS} copy actions."
                raise Refused("LimitExceededException", text)
        plan_id = self._plans.create(caller.account, region, document, [])
        return _plan_reply(self._plans.by_id[plan_id])

    def _get(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        plan = self._of(caller, region, request["BackupPlanId"])
        document = deepcopy(plan.document)
        rules = [{"RuleId": rule["RuleName"], **rule} for rule in document["Rules"]]
        last = {"LastExecutionDate": plan.last_run} if plan.last_run else {}
        return {**_plan_reply(plan), **last, "BackupPlan": {**document, "Rules": rules}}

    def _list(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        found = [
            plan
            for plan in self._plans.by_id.values()
            if (plan.account, plan.region) == (caller.account, region) and not plan.ended
        ]
        named = lambda plan: {**_plan_reply(plan), "BackupPlanName": plan.document["BackupPlanName"]}  # noqa: E731 - one use
        return paged("BackupPlansList", found, request, named, self._faults)

    def _delete(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        plan = self._of(caller, region, request["BackupPlanId"])
        if plan.selections:
            text = "Related backup plan selections must be deleted prior to backup plan deletion"
            raise Refused("InvalidRequestException", text)
        plan.ended = True
        reply = _plan_reply(plan)
        del reply["CreationDate"]
        return {**reply, "DeletionDate": self._ground.now()}

    def _select(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        plan = self._of(caller, region, request["BackupPlanId"])
        selection = request["BackupSelection"]
        # Checked when the selection is made (seen in terraform-provider-aws): "... cannot be assumed by AWS Backup".
        self._identity.check_passed_role(caller, selection["IamRoleArn"])
        selection_id = self._plans.add_selection(plan.id, selection)
        return {"SelectionId": selection_id, "BackupPlanId": plan.id, "CreationDate": self._ground.now()}

    def _selection(self, plan: Plan, selection_id: str) -> dict[str, Any]:
        if selection_id not in plan.selections:
            raise Refused("ResourceNotFoundException", f"Cannot find Backup selection with ID {selection_id}")
        return plan.selections[selection_id]

    def _get_selection(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        plan = self._of(caller, region, request["BackupPlanId"])
        selection = deepcopy(self._selection(plan, request["SelectionId"]))
        return {"BackupSelection": selection, "SelectionId": request["SelectionId"], "BackupPlanId": plan.id}

    def _list_selections(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        plan = self._of(caller, region, request["BackupPlanId"])
        return paged(
            "BackupSelectionsList",
            list(plan.selections.items()),
            request,
            lambda each: {
                "SelectionId": each[0],
                "SelectionName": each[1].get("SelectionName", ""),
                "BackupPlanId": plan.id,
                "IamRoleArn": each[1]["IamRoleArn"],
            },
            self._faults,
        )

    def _delete_selection(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        plan = self._of(caller, region, request["BackupPlanId"])
        self._selection(plan, request["SelectionId"])
        del plan.selections[request["SelectionId"]]
        return {}


def _plan_reply(plan: Plan) -> dict[str, Any]:
    return {
        "BackupPlanId": plan.id,
        "BackupPlanArn": plan.arn,
        "CreationDate": plan.created_at,
        "VersionId": VERSION,
    }
