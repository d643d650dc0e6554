"""Every right that the templates give is needed by somebody, and nothing that is needed is missing.

`make rights` runs this, and writes the record of who used which right to build/call-record.json.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from rehearsal.stage import Topology
from tests.eventful_runs import Right, Run, eventful, expiring, together, unreleased
from tests.template.reading import ALL, identity_statements

pytestmark = pytest.mark.rights

RECORD = Path(__file__).parents[2] / "build" / "call-record.json"
FUNCTIONS = ("AdvanceChainRole", "SweepChainsRole", "OperateChainsRole")
LAMBDA = "Lambda itself calls it; the simulator delivers without asking"
SCHEDULER = "EventBridge Scheduler itself calls it; the simulator invokes without asking"
LOGS = "the simulator has no CloudWatch Logs"
TRACES = "the simulator has no X-Ray"
MANAGED = "AWS's managed policies for backups have it, for steps that the simulator does not take apart"

# (roles, statement, actions, why no run here can show that it is needed)
UNSEEN: tuple[tuple[tuple[str, ...], str, tuple[str, ...], str], ...] = (
    (FUNCTIONS, "OwnLogs", ("logs:CreateLogStream", "logs:PutLogEvents"), LOGS),
    (FUNCTIONS, "Traces", ("xray:PutTraceSegments", "xray:PutTelemetryRecords"), TRACES),
    (FUNCTIONS, "KeepFailures", ("sqs:SendMessage",), LAMBDA),
    (
        ("AdvanceChainRole",),
        "TakeWork",
        ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
        LAMBDA,
    ),
    (("SweepScheduleRole",), "Sweep", ("lambda:InvokeFunction",), SCHEDULER),
    (("SweepScheduleRole",), "KeepFailures", ("sqs:SendMessage",), SCHEDULER),
    (
        ("BackupRole",),
        "FindDatabases",
        (
            "tag:GetResources",
            "rds:DescribeDBInstances",
            "rds:DescribeDBClusters",
            "rds:DescribeDBSnapshots",
            "rds:DescribeDBClusterSnapshots",
            "rds:DescribeDBInstanceAutomatedBackups",
            "rds:DescribeDBClusterAutomatedBackups",
        ),
        MANAGED,
    ),
    (
        ("BackupRole",),
        "MakeSnapshots",
        ("rds:CreateDBSnapshot", "rds:CreateDBClusterSnapshot", "rds:AddTagsToResource"),
        MANAGED,
    ),
    (("BackupRole", "CopyRole"), "TagTenantDatabases", ("rds:AddTagsToResource",), MANAGED),
    (("BackupRole", "CopyRole"), "SeeVaults", ("backup:DescribeBackupVault",), MANAGED),
    (("CopyRole",), "SeeSnapshots", ("rds:DescribeDBSnapshots", "rds:DescribeDBClusterSnapshots"), MANAGED),
    (("CopyRole",), "CopySnapshots", ("rds:AddTagsToResource",), MANAGED),
)
# Not deployed here: only with a customer managed key for the stack's own data, and the simulator encrypts none of it.
NOT_DEPLOYED = {"UseKey"}


def listed() -> set[tuple[str, str, str]]:
    return {(role, sid, action) for roles, sid, actions, _ in UNSEEN for role in roles for action in actions}


@pytest.fixture(scope="module", params=list(Topology), ids=str)
def runs(request: pytest.FixtureRequest) -> list[Run]:
    return [eventful(request.param), unreleased(request.param), expiring(request.param)]


def test_every_call_of_our_roles_was_allowed_and_every_right_was_used_or_is_listed(runs: list[Run]) -> None:
    used, given = together(runs)
    write_record(used, given)

    assert [text for run in runs for text in run.denied] == []
    unused = given - set(used)
    assert [str(each) for each in sorted(unused) if each[1:] not in listed()] == [], "given, and needed by nobody"
    assert [str(each) for each in sorted(used) if each[1:] in listed()] == [], "listed as unseen, and used"


def test_what_is_listed_as_unseen_is_given() -> None:
    stated = {(each.sid, action) for name in ALL for each in identity_statements(name) for action in each.actions}

    assert {each[1:] for each in listed()} - stated == set()


def test_every_statement_of_the_templates_was_deployed_in_these_runs(runs: list[Run]) -> None:
    """In the hub nobody assumes a role, forwards or starts first hops; elsewhere nothing is of the hub."""
    topology = runs[0].stage.topology
    absent = {
        Topology.WORKLOAD: {"HubReads", "HubLists", "HubActs"},
        Topology.HUB: {"OperatorRole", "ForwardRole", "FirstHopReads", "FirstHopActs"},
    }[topology]
    stated = {
        each.sid for name in ALL for each in identity_statements(name) if each.logical_id not in absent
    } - NOT_DEPLOYED
    if topology is Topology.HUB:
        stated.discard("ActInTheBackupAccount")

    assert {each.sid for each in together(runs)[1]} == stated


def test_the_runs_went_through_what_rights_are_for(runs: list[Run]) -> None:
    busy, stuck, old = runs
    told = busy.stage.world.published(busy.stage.topic_arn)
    assert {message.attributes["state"]["StringValue"] for message in told} == {"open", "closed"}
    assert busy.stage.world.deletions()
    assert busy.stage.oracle().violations() == []
    gone = {point.vault_arn for point in old.stage.world.recovery_points(gone=True) if point.gone_at is not None}
    assert {
        old.stage.dr["DrVaultArn"],
        old.stage.workloads[old.stage.workload_accounts[-1]]["WorkloadVaultArn"],
    } <= gone
    assert any("EXPIRED" in message.message for message in stuck.stage.world.published(stuck.stage.topic_arn))


def write_record(used: Counter[Right], given: set[Right]) -> None:
    """Add a topology to the record: for each role and statement, how often each action was used."""
    record = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    for right in sorted(given):
        role = record.setdefault(right.topology, {}).setdefault(right.role, {})
        role.setdefault(right.sid, {})[right.action] = used[right]
    RECORD.parent.mkdir(exist_ok=True)
    RECORD.write_text(json.dumps(record, indent=2) + "\n")
