"""Replaying the sample events, each as a user would."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from rehearsal.preparing import describe_point
from rehearsal.replay import read_event, replay
from secondhop.adapters.backup_events import read_event as read_news
from secondhop.application.work import PointNews
from secondhop_cli.main import main
from secondhop_cli.replay_report import describe
from tests.mutated_events import mutated_events, put

EVENTS = Path(__file__).parents[2] / "events"
POINT = EVENTS / "recovery-point-rds-completed.json"
GOOD = sorted(path for path in EVENTS.glob("*.json"))
IGNORED = sorted((EVENTS / "ignored").glob("*.json"))
MALFORMED = sorted((EVENTS / "malformed").glob("*.json"))


def name(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", GOOD, ids=name)
def test_every_sample_is_handled(path: Path) -> None:
    replayed = replay(read_event(path))

    assert replayed.exit_code == 0
    assert replayed.rule is not None
    assert replayed.malformed is None


@pytest.mark.parametrize("path", IGNORED, ids=name)
def test_what_is_none_of_ours_is_ignored_with_a_reason(path: Path) -> None:
    replayed = replay(read_event(path))

    assert replayed.exit_code == 0
    assert replayed.decisions == ()
    assert replayed.ignored or replayed.misses


@pytest.mark.parametrize("path", MALFORMED, ids=name)
def test_what_cannot_be_read_would_be_dead_lettered_with_its_reason(path: Path) -> None:
    replayed = replay(read_event(path))

    assert replayed.exit_code == 1
    assert replayed.malformed
    assert replayed.rule is not None


@pytest.mark.parametrize(
    ("file", "after", "words"),
    [
        ("copy-job-hop1-neptune-completed", "COPYING", "starts copy attempt 1"),
        ("recovery-point-documentdb-completed", "COPYING", "starts copy attempt 1"),
        ("recovery-point-rds-completed-other-name", "COPYING", "starts copy attempt 1"),
        ("copy-job-hop2-rds-completed", "COMPLETE", "the route keeps 1"),
        ("copy-job-hop2-aurora-completed", "RELEASING", "the delete was accepted"),
        ("copy-job-hop2-rds-failed", "WAITING", "TRANSIENT"),
        ("copy-job-hop2-aurora-failed", "STRANDED", "VAULT_POLICY"),
        ("copy-job-hop2-documentdb-failed", "STRANDED", "SOURCE_KEY"),
        ("copy-job-hop2-neptune-failed", "STRANDED", "RETENTION_RANGE"),
        ("recovery-point-rds-continuous", "STRANDED", "continuous"),
        ("recovery-point-rds-multi-az-cluster", "STRANDED", "Multi-AZ"),
        ("recovery-point-rds-expired", "STRANDED", "SOURCE_EXPIRED"),
    ],
)
def test_a_sample_leads_where_its_name_says(file: str, after: str, words: str) -> None:
    decisions = replay(read_event(EVENTS / f"{file}.json")).decisions

    assert decisions[-1]["after"] == after
    assert any(words in decision["reason"] for decision in decisions)


def test_the_report_names_the_rule_the_chain_and_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(EVENTS / "copy-job-hop1-rds-completed.json")]) == 0
    told = capsys.readouterr().out

    for words in ("FirstHopJobs matched", "no chain", "COPYING", "StartCopy", "starts copy attempt 1"):
        assert words in told


def test_the_report_says_why_no_rule_matched(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(EVENTS / "ignored" / "copy-job-other-account.json")]) == 0

    assert 'account is "777788889999"' in capsys.readouterr().out


@pytest.mark.parametrize(
    "content", [None, "", " ", "{", "[]", "null", "5", "NaN", '"x"', "[" * 99_999, '{"a":' * 99_999]
)
def test_a_missing_or_unreadable_file_is_one_sentence_and_exit_code_2(
    content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "event.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")

    assert main(["replay", str(path)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.splitlines()) == 1
    assert str(path) in told.err


@pytest.mark.parametrize("content", [b"\xff\xfe", b" " * 2_000_000 + b"{}", b'{"a":' * 200 + b"1" + b"}" * 200])
def test_a_file_that_can_hold_no_event_is_refused(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "event.json"
    path.write_bytes(content)

    assert main(["replay", str(path)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_folder_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(tmp_path)]) == 2
    assert "cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(("content", "code"), [(POINT.read_text(encoding="utf-8"), 0), ("", 2), ("[]", 2)])
def test_a_dash_reads_standard_input(content: str, code: int) -> None:
    command = [sys.executable, "-m", "secondhop_cli.main", "replay", "-"]
    done = subprocess.run(command, input=content, capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode == code
    assert "standard input" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("content", [{}, {"Records": [5]}, {"detail-type": {}, "account": [], "region": 5}])
def test_an_object_that_is_no_event_says_what_is_missing(content: dict[str, Any], tmp_path: Path) -> None:
    replayed = replay(content)
    report = describe("event.json", content, replayed)

    assert replayed.exit_code == 0
    assert "none matched" in report
    assert "(no detail-type:" in report
    assert len(replayed.misses) > 1


UNREADABLE_LIFECYCLES: tuple[object, ...] = ({"deleteAfterDays": -1}, {"deleteAfterDays": 10**400}, {}, 5, [])


# A world for each event costs a fifth of a second.
@settings(max_examples=25, deadline=None)
@given(event=mutated_events())
def test_a_mutated_event_never_ends_in_a_traceback(event: dict[str, Any]) -> None:
    replayed = replay(event)
    report = describe("event.json", event, replayed)

    assert replayed.exit_code in {0, 1}
    assert report.replace("\n", "").isprintable()
    assert "None of account" not in report
    assert "job  " not in report


def test_a_batch_in_an_event_is_no_batch() -> None:
    event = read_event(POINT) | {"Records": 5}

    assert replay(event).decisions[-1]["after"] == "COPYING"


def after(**detail: Any) -> tuple[str, str]:
    """The last state of the sample recovery point with other fields in its detail, and all reasons."""
    event = read_event(POINT)
    event["detail"] = {name: value for name, value in (event["detail"] | detail).items() if value is not None}
    decisions = replay(event).decisions
    return decisions[-1]["after"], "; ".join(decision["reason"] for decision in decisions)


# The sample "Recovery Point State Change" of https://docs.aws.amazon.com/aws-backup/latest/devguide/eventbridge.html
# is of an unencrypted cluster.
CLUSTER = {"resourceType": "Aurora", "resourceArn": "arn:aws:rds:eu-west-1:111122223333:cluster:ledger"}


@pytest.mark.parametrize("text", ["false", False, "False"])
def test_an_unencrypted_cluster_is_stranded_as_the_function_decides(text: object) -> None:
    state, reasons = after(**CLUSTER, isEncrypted=text)

    assert state == "STRANDED"
    assert "UNENCRYPTED" in reasons


@pytest.mark.parametrize("detail", [{"isEncrypted": "true"}, {"isEncrypted": None}])
def test_an_encrypted_cluster_is_copied(detail: dict[str, Any]) -> None:
    assert after(**CLUSTER, **detail)[0] == "COPYING"


@pytest.mark.parametrize(
    ("detail", "days"),
    [
        ({}, 14),
        ({"calculatedLifeCycle": {"deleteAt": "2026-01-06T03:00:00Z"}}, 1),
        ({"calculatedLifecycle": {"deleteAt": "2026-01-07T03:00:00Z"}}, 2),
        ({"calculatedLifeCycle": {"deleteAt": "2025-01-07T03:00:00Z"}}, 0),
        ({"calculatedLifeCycle": None, "lifecycle": {"deleteAfterDays": 3}}, 3),
        ({"calculatedLifeCycle": {}, "lifecycle": {"deleteAfterDays": "4"}}, 4),
        *(
            ({"calculatedLifeCycle": {"deleteAt": "soon"}, "lifecycle": lifecycle}, None)
            for lifecycle in UNREADABLE_LIFECYCLES
        ),
    ],
)
def test_a_recovery_point_lives_as_long_as_the_event_says(detail: dict[str, Any], days: int | None) -> None:
    event = read_event(POINT)
    event["detail"] |= detail
    news = read_news(event)
    assert isinstance(news, PointNews)

    point = describe_point(news, event["detail"], datetime(2026, 1, 5, 6, tzinfo=UTC))

    assert point.delete_after_days == days
    assert point.created_at == datetime(2026, 1, 5, 3, tzinfo=UTC)
    assert point.completed_at == datetime(2026, 1, 5, 4, 36, 58, 111000, tzinfo=UTC)
    assert (point.resource_type, point.database_arn) == ("RDS", "arn:aws:rds:eu-west-1:111122223333:db:orders")
    assert replay(event).decisions[-1]["after"] == "COPYING"


def test_an_event_that_names_a_moment_long_ago_is_replayed_then() -> None:
    event = put(read_event(POINT), ("time",), "2019-01-16T06:00:00Z")
    event = put(event, ("detail", "creationDate"), "2019-01-16T03:00:00Z")

    assert replay(event).decisions
