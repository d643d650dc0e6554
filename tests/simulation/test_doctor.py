"""The doctor at both topologies: nothing to find where all is right, one finding for each thing that is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from backup_simulator import World
from rehearsal.stage import BACKUP, DR, HOME, WORKLOAD, Stage, Topology
from secondhop_cli.doctor.finding_kinds import KINDS
from tests.misconfigurations import STAGED
from tests.simulation.test_doctor_foresees import FIRST_HOP
from tests.staged_journey import Clinic

HALF_AN_HOUR = timedelta(minutes=31)


def a_stage(**options: Any) -> Stage:
    stage = Stage(World(), **options)
    for account in stage.workload_accounts:
        stage.add_database("RDS", "orders", size_gib=1, account=account)
        stage.add_database("Neptune", "graph", size_gib=1, account=account)
    stage.world.run_for(HALF_AN_HOUR)
    return stage


@pytest.mark.parametrize("topology", Topology)
def test_an_installation_that_is_right_has_no_finding_and_nothing_that_was_not_checked(topology: Topology) -> None:
    clinic = Clinic(a_stage(topology=topology))

    report = clinic.examine()

    assert [check for check in report["checks"] if not check["fine"]] == []
    assert (clinic.code, report["topology"], report["version"]) == (0, topology, "0.1.0")


def test_a_night_on_a_right_installation_leaves_nothing_to_find() -> None:
    stage = a_stage()
    stage.world.run_for(timedelta(hours=24))
    clinic = Clinic(stage)

    assert clinic.findings() == []
    assert clinic.code == 0


def queue_of(stage: Stage, output: str) -> Any:
    return stage.world.queue(stage.outputs[output])


def rule_of(stage: Stage, account: str, name: str) -> Any:
    return next(rule for rule in stage.world.rules(account, HOME) if rule.name.endswith(f"-{name}"))


def role_of(stage: Stage, arn: str) -> Any:
    return stage.world.roles[arn]


def without(policies: tuple[dict[str, Any], ...], sid: str) -> tuple[dict[str, Any], ...]:
    return tuple({**p, "Statement": [each for each in p["Statement"] if each.get("Sid") != sid]} for p in policies)


def lose(stage: Stage, role: str, sid: str) -> None:
    found = role_of(stage, role)
    found.policies = without(found.policies, sid)


def opt_out(stage: Stage, account: str, region: str = HOME) -> None:
    client = stage.world.session(account, region=region).client("backup")
    client.update_region_settings(ResourceTypeOptInPreference={"Neptune": False})


def plans_of(stage: Stage, account: str) -> list[Any]:
    return [plan for plan in stage.world.plans.values() if plan.account == account]


def copy_nothing(stage: Stage) -> None:
    for plan in plans_of(stage, WORKLOAD):
        for rule in plan.document["Rules"]:
            rule["CopyActions"] = []


def back_up_elsewhere(stage: Stage) -> None:
    site = stage.world.site(WORKLOAD, HOME)
    database = site.create_database("RDS", "ledger", key_arn=None, tags={"Plan": "own"})
    rule = {"RuleName": "own", "TargetBackupVaultName": "Default", "ScheduleExpression": "cron(0 3 * * ? *)"}
    selection = {"IamRoleArn": stage.workload["BackupRoleArn"], "Resources": [database]}
    site.create_plan({"BackupPlanName": "own", "Rules": [rule]}, [selection])


def add_database(stage: Stage, kind: str, **options: Any) -> None:
    site = stage.world.site(WORKLOAD, HOME)
    options = {"key_arn": stage.workload["KeyArn"], "tags": {"Backup": "True"}, **options}
    site.create_database(kind, "unusual", **options)


def stack_of(stage: Stage, account: str, region: str, name: str) -> Any:
    return stage.world.stacks[account, region, name]


def say(stage: Stage, **parameters: str) -> None:
    stack = stack_of(stage, WORKLOAD, HOME, "second-hop")
    stack.parameters = {**stack.parameters, **parameters}


def list_a_copy_quota(stage: Stage) -> None:
    stage.world.quotas[BACKUP, DR, "Cross-Region DB snapshot copies in progress"] = 10.0


def statement_of(policy: dict[str, Any], sid: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in policy["Statement"] if each.get("Sid") == sid)
    return found


def deny_the_actor(stage: Stage) -> None:
    vault = stage.world.vault_by_arn(stage.backup_account["WatchedVaultArn"])
    assert vault.policy is not None
    deny = {"Sid": "Stop", "Effect": "Deny", "Principal": "*", "Action": "backup:StartCopyJob", "Resource": "*"}
    vault.policy = {**vault.policy, "Statement": [*vault.policy["Statement"], deny]}


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """Something wrong, the kind of finding that names it, and where it is."""

    breaks: Callable[[Stage], object]
    kind: str
    where: tuple[str, str] = (WORKLOAD, HOME)


B_HOME, B_DR = (BACKUP, HOME), (BACKUP, DR)
TROUBLES = {
    "Neptune is not opted in": Trouble(breaks=lambda s: opt_out(s, WORKLOAD), kind="opt-in-off"),
    "Neptune is not opted in over there": Trouble(
        breaks=lambda s: opt_out(s, BACKUP, DR), kind="opt-in-off-in-the-backup-account", where=B_DR
    ),
    "no copy role": Trouble(
        breaks=lambda s: s.world.account(BACKUP).delete_role(s.backup_account["CopyRoleArn"]),
        kind="role-missing",
        where=B_HOME,
    ),
    "no operator role": Trouble(
        breaks=lambda s: s.world.account(BACKUP).delete_role(s.backup_account["OperatorRoleArn"]),
        kind="role-missing",
        where=B_HOME,
    ),
    "the copy role trusts Lambda": Trouble(
        breaks=lambda s: statement_of_trust(s, "CopyRoleArn").update(Principal={"Service": "lambda.amazonaws.com"}),
        kind="role-not-trusting-backup",
        where=B_HOME,
    ),
    "the copy role trusts another account's backups": Trouble(
        breaks=lambda s: statement_of_trust(s, "CopyRoleArn").update(
            Condition={"StringEquals": {"aws:SourceAccount": WORKLOAD}}
        ),
        kind="role-not-trusting-backup",
        where=B_HOME,
    ),
    "another external id": Trouble(
        breaks=lambda s: say(s, ExternalId="another-id"), kind="role-not-assumable", where=B_HOME
    ),
    "functions may not assume": Trouble(
        breaks=lambda s: lose(s, s.main.attribute("AdvanceChainRole", "Arn"), "ActInTheBackupAccount"),
        kind="role-lacks-permission",
    ),
    "the copy role may not be passed": Trouble(
        breaks=lambda s: lose(s, s.backup_account["OperatorRoleArn"], "PassTheCopyRole"),
        kind="role-lacks-permission",
        where=B_HOME,
    ),
    "first hops may not be repeated": Trouble(
        breaks=lambda s: lose(s, s.main.attribute("AdvanceChainRole", "Arn"), "PassTheFirstHopRole"),
        kind="role-lacks-permission",
    ),
    "no DR vault": Trouble(breaks=lambda s: s.world.remove_vault(s.dr["DrVaultArn"]), kind="vault-missing", where=B_DR),
    "the vault denies": Trouble(breaks=deny_the_actor, kind="vault-denies-acting-role", where=B_HOME),
    "a Multi-AZ cluster": Trouble(
        breaks=lambda s: add_database(s, "RDS", multi_az_cluster=True), kind="database-is-multi-az-cluster"
    ),
    "an unencrypted cluster": Trouble(
        breaks=lambda s: add_database(s, "Aurora", key_arn=None), kind="database-is-unencrypted"
    ),
    "a plan without copy actions": Trouble(breaks=copy_nothing, kind="no-plan-copies"),
    "a database in the Default vault": Trouble(breaks=back_up_elsewhere, kind="database-not-copied"),
    "a lock on the watched vault": Trouble(
        breaks=lambda s: setattr(
            s.world.vault_by_arn(s.backup_account["WatchedVaultArn"]), "lock", {"MinRetentionDays": 7}
        ),
        kind="watched-vault-is-locked",
        where=B_HOME,
    ),
    "no lock on the DR vault": Trouble(
        breaks=lambda s: setattr(s.world.vault_by_arn(s.dr["DrVaultArn"]), "lock", None),
        kind="lock-weaker-than-required",
        where=B_DR,
    ),
    "a quota below the limit": Trouble(breaks=list_a_copy_quota, kind="limit-above-quota", where=B_DR),
    "it only observes": Trouble(breaks=lambda s: say(s, ObserveOnly="true"), kind="observe-only"),
    "a rule that is off": Trouble(
        breaks=lambda s: setattr(rule_of(s, WORKLOAD, "FirstHopJobs"), "enabled", False), kind="rule-disabled"
    ),
    "a rule that is gone": Trouble(
        breaks=lambda s: s.world.rules(WORKLOAD, HOME).remove(rule_of(s, WORKLOAD, "WatchedVaultPoints")),
        kind="rule-disabled",
    ),
    "a rule that sends elsewhere": Trouble(
        breaks=lambda s: setattr(rule_of(s, BACKUP, "ForwardSecondHopJobs"), "targets", ()),
        kind="rule-disabled",
        where=B_HOME,
    ),
    "a bus that takes nothing": Trouble(
        breaks=lambda s: s.world.bus_policy(WORKLOAD, HOME).clear(), kind="events-denied"
    ),
    "a mapping that is off": Trouble(
        breaks=lambda s: setattr(queue_of(s, "WorkQueueUrl").mapping, "enabled", False), kind="work-queue-not-read"
    ),
    "no mapping": Trouble(
        breaks=lambda s: setattr(queue_of(s, "WorkQueueUrl"), "mapping", None), kind="work-queue-not-read"
    ),
    "dead letters": Trouble(breaks=lambda s: queue_of(s, "DeadLetterQueueUrl").send("{}"), kind="messages-in-queue"),
    "failed invocations": Trouble(
        breaks=lambda s: queue_of(s, "FailedInvocationsQueueUrl").send("{}"), kind="messages-in-queue"
    ),
    "events that were not forwarded": Trouble(
        breaks=lambda s: s.world.queue(s.backup_account["UndeliveredEventsQueueUrl"]).send("{}"),
        kind="messages-in-queue",
        where=B_HOME,
    ),
    "a schedule that is off": Trouble(
        breaks=lambda s: setattr(s.world.schedules[WORKLOAD, HOME, "SweepSchedule"], "enabled", False),
        kind="sweep-disabled",
    ),
    "a sweep that never ends": Trouble(breaks=lambda s: s.world.metrics.clear(), kind="sweep-not-completed"),
    "an older companion": Trouble(
        breaks=lambda s: stack_of(s, BACKUP, DR, "second-hop-dr-region").outputs.update(StackVersion="0.0.9"),
        kind="version-differs",
        where=B_DR,
    ),
}


def statement_of_trust(stage: Stage, output: str) -> dict[str, Any]:
    found: dict[str, Any] = role_of(stage, stage.backup_account[output]).trust["Statement"][0]
    return found


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES.keys())
def test_each_trouble_is_found_by_its_name_at_its_place(trouble: Trouble) -> None:
    stage = a_stage()
    trouble.breaks(stage)
    clinic = Clinic(stage)

    found = clinic.findings()

    assert {each["kind"] for each in found} == {trouble.kind}
    assert {(each["account"], each["region"]) for each in found} == {trouble.where}
    assert clinic.code == (1 if KINDS[trouble.kind].severity == "fails" else 0)


@pytest.mark.parametrize("topology", Topology)
def test_each_statement_of_the_acting_roles_policies_is_missed_when_it_is_gone(topology: Topology) -> None:
    """In the hub topology the actor has the operator role's statements, and others by which it runs at all."""
    operator = role_of(stage := a_stage(), stage.backup_account["OperatorRoleArn"])
    sids = {each["Sid"] for policy in operator.policies for each in policy["Statement"]}
    assert len(sids) >= 8
    stage = a_stage(topology=topology)
    clinic = Clinic(stage)
    arn = stage.main.attribute("AdvanceChainRole", "Arn") if stage.is_hub else stage.backup_account["OperatorRoleArn"]
    role, whole = role_of(stage, arn), role_of(stage, arn).policies

    unmissed = []
    for sid in sorted(sids):
        role.policies = without(whole, sid)
        unmissed += [] if clinic.kinds("fails") == {"role-lacks-permission"} else [sid]

    assert unmissed == []


def test_every_kind_of_finding_was_provoked() -> None:
    # Of tests/simulation/test_doctor_finds_and_clears.py and test_doctor_adds_limits.py.
    copies = {"copy-not-supported", "copy-support-unknown", "limits-above-the-shared-quota"}
    provoked = {trouble.kind for trouble in TROUBLES.values()} | set(FIRST_HOP.values()) | copies
    staged = {kind for case in STAGED.values() for kind in case.kinds}
    # The simulator has no windows and no RDS Custom. tests/unit/cli/test_doctor_selections.py provokes these.
    by_description = {"database-is-rds-custom", "schedule-in-database-window"}
    # tests/simulation/test_doctor_databases.py and the same unit tests provoke these.
    unselected = {"no-database-selected", "database-in-no-plan", "selection-names-no-database"}

    assert provoked | staged | by_description | unselected == KINDS.keys()
