"""Each sample event has the shape that AWS sends, and matches exactly the rule of the template that it should."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from backup_simulator import World
from backup_simulator.matching import matches
from rehearsal.stage import HOME, WORKLOAD, Stage

EVENTS = Path(__file__).parents[2] / "events"
UNMATCHED = {
    "ignored/copy-job-unknown-state.json",
    "ignored/recovery-point-without-status.json",
    "ignored/backup-job-completed.json",
    "ignored/copy-job-other-account.json",
    "ignored/copy-job-other-vault.json",
    "ignored/recovery-point-continuous-in-workload-vault.json",
    "ignored/recovery-point-other-vault.json",
}
# Rules leave out what is no news: a job or a recovery point that begins.
BEGINS = {"CREATED", "RUNNING", "CREATING"}
FILES = sorted(str(path.relative_to(EVENTS)) for path in EVENTS.rglob("*.json"))
# devguide/eventbridge: what each state of a copy job carries.
ALWAYS = {"creationDate", "sourceBackupVaultArn", "destinationBackupVaultArn", "state"}
RUNNING = ALWAYS | {
    "copyJobId",
    "backupSizeInBytes",
    "iamRoleArn",
    "resourceArn",
    "resourceType",
    "destinationRecoveryPointArn",
}
FIELDS = {
    "CREATED": ALWAYS,
    "RUNNING": RUNNING,
    "COMPLETED": RUNNING | {"completionDate"},
    "FAILED": RUNNING | {"completionDate", "statusMessage"},
}


def event_of(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / name).read_text(encoding="utf-8"))
    return event


@pytest.fixture(scope="module")
def patterns() -> dict[str, dict[str, Any]]:
    stage = Stage(World())
    return {rule.name.removeprefix("second-hop-"): rule.pattern for rule in stage.world.rules(WORKLOAD, HOME)}


def expected_rule(name: str) -> str | None:
    event = event_of(name)
    if name in UNMATCHED or {event["detail"].get("state"), event["detail"].get("status")} & BEGINS:
        return None
    if event["detail-type"].startswith("Recovery Point"):
        return "WatchedVaultPoints"
    return "FirstHopJobs" if event["account"] == WORKLOAD else "SecondHopJobs"


@pytest.mark.parametrize("name", FILES)
def test_each_event_matches_exactly_the_rule_that_it_should(name: str, patterns: dict[str, dict[str, Any]]) -> None:
    found = [rule for rule, pattern in patterns.items() if matches(pattern, event_of(name))]
    wanted = expected_rule(name)

    assert found == ([wanted] if wanted else [])


@pytest.mark.parametrize("name", [name for name in FILES if name.removeprefix("ignored/").startswith("copy-job-hop")])
def test_copy_job_events_are_as_sparse_as_those_of_aws(name: str) -> None:
    event = event_of(name)
    detail = event["detail"]

    assert set(detail) - {"createdBy"} == FIELDS[detail["state"]]
    assert ("createdBy" in detail) == ("hop1" in name and detail["state"] != "CREATED")
    assert len(event["resources"]) == 1
    if detail["state"] in ("RUNNING", "FAILED"):
        assert detail["destinationRecoveryPointArn"] == {}
    if detail["state"] != "CREATED":
        assert isinstance(detail["backupSizeInBytes"], int)


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("recovery-point")])
def test_recovery_point_events_have_a_status_and_texts_for_booleans(name: str) -> None:
    detail = event_of(name)["detail"]

    assert "state" not in detail
    assert detail["isEncrypted"] in ("true", "false")
    assert "deleteAt" in detail["calculatedLifeCycle"]


def test_every_service_has_every_state_of_both_hops() -> None:
    wanted = {
        f"copy-job-{hop}-{service}-{state}.json"
        for hop in ("hop1", "hop2")
        for service in ("rds", "aurora", "documentdb", "neptune")
        for state in ("created", "running", "completed", "failed")
    }

    assert wanted <= {name.removeprefix("ignored/") for name in FILES}


def test_the_simulator_sends_events_of_the_same_fields_as_the_samples() -> None:
    stage = Stage(World())
    stage.add_database("RDS", "orders", size_gib=1)
    sent: list[dict[str, Any]] = []
    stage.world.on_emit(sent.append)
    stage.world.faults.fail_copy_job(message="An internal error occurred.", destination_region="eu-central-1")
    stage.world.run_until(stage.world.now().replace(hour=12))

    jobs = [each["detail"] for each in sent if each["detail-type"] == "Copy Job State Change"]
    points = [each["detail"] for each in sent if each["detail-type"] == "Recovery Point State Change"]
    assert {job["state"] for job in jobs} == set(FIELDS)
    for job in jobs:
        assert set(job) - {"createdBy"} == FIELDS[job["state"]]
    sample = event_of("recovery-point-rds-completed.json")["detail"]
    for point in points:
        # By a plan or on demand: only the former says by which.
        assert set(point) | {"createdBy"} == set(sample)
