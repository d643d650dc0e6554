"""Backup plans and their selections by their operations.

https://docs.aws.amazon.com/aws-backup/latest/devguide/API_CreateBackupPlan.html and its neighbours.
"""

from __future__ import annotations

from copy import deepcopy
from itertools import islice
from typing import Any

from backup_simulator.errors import Refused
from backup_simulator.faults import FaultPlan
from backup_simulator.ground import Ground
from backup_simulator.identity import Identity
from backup_simulator.model import Caller, Operation
from backup_simulator.paging import paged
from backup_simulator.services.backup.plan_checks import check_name, check_plan, schedule_of
from backup_simulator.services.backup.plans import Plan, Plans
from backup_simulator.services.backup.selections import check_selection
from backup_simulator.services.backup.tag_checks import check_tags
from backup_simulator.vaults import Vaults

MOST_PREVIEWED_RUNS = 10


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
            "UpdateBackupPlan": self._update,
            "ListBackupPlans": self._list,
            "ListBackupPlanVersions": self._list_versions,
            "DeleteBackupPlan": self._delete,
            "CreateBackupSelection": self._select,
            "GetBackupSelection": self._get_selection,
            "ListBackupSelections": self._list_selections,
            "DeleteBackupSelection": self._delete_selection,
        }

    def _of_site(self, caller: Caller, region: str) -> list[Plan]:
        return [plan for plan in self._plans.by_id.values() if (plan.account, plan.region) == (caller.account, region)]

    def _of(self, caller: Caller, region: str, plan_id: str) -> Plan:
        for plan in self._of_site(caller, region):
            if plan.id == plan_id and not plan.ended:
                return plan
        raise Refused("ResourceNotFoundException", f"Cannot find Backup plan with ID {plan_id}")

    def _create(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        """The same document twice is refused, as AWS does and its API reference denies (ansible/ansible#53655)."""
        document, request_id = request["BackupPlan"], request.get("CreatorRequestId")
        known = [plan for plan in self._of_site(caller, region) if not plan.ended]
        for plan in known:
            if request_id is not None and plan.creator_request_id == request_id:
                # The request is a retry of the one that made this plan (API_CreateBackupPlan).
                return _plan_reply(plan)
        self._check(caller, region, document)
        check_tags(request.get("BackupPlanTags", {}))
        if any(plan.document == document for plan in known):
            raise Refused("AlreadyExistsException", "Backup plan with the same plan document already exists")
        plan = self._plans.by_id[self._plans.create(caller.account, region, document, [])]
        plan.tags, plan.creator_request_id = dict(request.get("BackupPlanTags", {})), request_id
        return _plan_reply(plan)

    def _check(self, caller: Caller, region: str, document: dict[str, Any]) -> None:
        if not document["Rules"]:
            raise Refused("InvalidParameterValueException", "A backup plan needs at least one rule.")
        check_plan(document)
        for rule in document["Rules"]:
            self._vaults.named(caller.account, region, rule["TargetBackupVaultName"])

    def _update(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        plan = self._of(caller, region, request["BackupPlanId"])
        self._check(caller, region, request["BackupPlan"])
        self._plans.update(plan, request["BackupPlan"])
        return _plan_reply(plan) | {"CreationDate": self._ground.now()}

    def _get(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        plan = self._of(caller, region, request["BackupPlanId"])
        version, document = request.get("VersionId", plan.version_id), plan.document
        if version != plan.version_id:
            found = [each for each in plan.earlier if each[0] == version]
            if not found:
                raise Refused("ResourceNotFoundException", f"Cannot find version {version} of Backup plan {plan.id}")
            document = found[0][2]
        document = deepcopy(document)
        rules = [{"RuleId": plan.rule_id(rule), **rule} for rule in document["Rules"]]
        reply = _plan_reply(plan) | {"VersionId": version, "BackupPlan": {**document, "Rules": rules}}
        return reply | _optional(plan) | self._preview(rules, request.get("MaxScheduledRunsPreview", 0))

    def _preview(self, rules: list[dict[str, Any]], most: int) -> dict[str, Any]:
        """The next runs of all rules together, as many as asked for."""
        if not 0 <= most <= MOST_PREVIEWED_RUNS:
            raise Refused("InvalidParameterValueException", f"Invalid value for MaxScheduledRunsPreview: {most}")
        now = self._ground.now()
        runs = [
            {"ExecutionTime": moment, "RuleId": rule["RuleId"], "RuleExecutionType": "SNAPSHOTS"}
            for rule in rules
            for moment in islice(schedule_of(rule).runs_after(now), most)
        ]
        runs.sort(key=lambda run: (run["ExecutionTime"], run["RuleId"]))
        return {"ScheduledRunsPreview": runs[:most]} if most else {}

    def _list(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        with_deleted = request.get("IncludeDeleted", False)
        found = [plan for plan in self._of_site(caller, region) if with_deleted or not plan.ended]
        return paged("BackupPlansList", found, request, _listed, self._faults)

    def _list_versions(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        plan = self._of(caller, region, request["BackupPlanId"])
        versions = [(version, document) for version, _, document in plan.earlier]
        found = [(plan.version_id, plan.document), *reversed(versions)]
        reply = lambda each: _listed(plan) | {"VersionId": each[0], "BackupPlanName": each[1]["BackupPlanName"]}  # noqa: E731 - one use
        return paged("BackupPlanVersionsList", found, request, reply, self._faults)

    def _delete(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        plan = self._of(caller, region, request["BackupPlanId"])
        if plan.selections:
            text = "Related backup plan selections must be deleted prior to backup plan deletion"
            raise Refused("InvalidRequestException", text)
        plan.ended, plan.deleted_at = True, self._ground.now()
        reply = _plan_reply(plan)
        del reply["CreationDate"]
        return {**reply, "DeletionDate": plan.deleted_at}

    def _select(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        plan = self._of(caller, region, request["BackupPlanId"])
        selection = request["BackupSelection"]
        check_name("selection", selection["SelectionName"])
        # Checked when the selection is made (seen in terraform-provider-aws): "... cannot be assumed by AWS Backup".
        self._identity.check_passed_role(caller, selection["IamRoleArn"])
        request_id = request.get("CreatorRequestId")
        selection_id = plan.requested.get(request_id) if request_id is not None else None
        if selection_id not in plan.selections:
            check_selection(selection)
            if selection in plan.selections.values():
                raise Refused("AlreadyExistsException", "Backup selection with the same document already exists")
            selection_id = self._plans.add_selection(plan.id, selection)
            if request_id is not None:
                plan.requested[request_id] = selection_id
        return _selection_reply(plan, selection_id)

    def _selection(self, plan: Plan, selection_id: str) -> dict[str, Any]:
        if selection_id not in plan.selections:
            raise Refused("ResourceNotFoundException", f"Cannot find Backup selection with ID {selection_id}")
        return plan.selections[selection_id]

    def _get_selection(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        plan = self._of(caller, region, request["BackupPlanId"])
        selection = deepcopy(self._selection(plan, request["SelectionId"]))
        return {"BackupSelection": selection, **_selection_reply(plan, request["SelectionId"])}

    def _list_selections(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        plan = self._of(caller, region, request["BackupPlanId"])
        return paged(
            "BackupSelectionsList",
            list(plan.selections.items()),
            request,
            lambda each: {
                **_selection_reply(plan, each[0]),
                "SelectionName": each[1].get("SelectionName", ""),
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
        "VersionId": plan.version_id,
    }


def _optional(plan: Plan) -> dict[str, Any]:
    optional = {
        "CreatorRequestId": plan.creator_request_id,
        "DeletionDate": plan.deleted_at,
        "LastExecutionDate": plan.last_run,
    }
    return {name: value for name, value in optional.items() if value is not None}


def _listed(plan: Plan) -> dict[str, Any]:
    return {**_plan_reply(plan), "BackupPlanName": plan.document["BackupPlanName"], **_optional(plan)}


def _selection_reply(plan: Plan, selection_id: str) -> dict[str, Any]:
    requests = {made: request_id for request_id, made in plan.requested.items()}
    asked = {"CreatorRequestId": requests[selection_id]} if selection_id in requests else {}
    return {
        "SelectionId": selection_id,
        "BackupPlanId": plan.id,
        "CreationDate": plan.selected_at[selection_id],
        **asked,
    }
