"""Replaying the sample events, each as a user would."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal.replay import read_event, replay
from secondhop_cli.main import main

EVENTS = Path(__file__).parents[2] / "events"
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


@pytest.mark.parametrize("content", [None, "{", "[]"])
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
