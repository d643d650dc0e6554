"""The actor's function: which records of a batch come back, what is a dead letter, and what is logged and counted."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from backup_simulator import Delivery
from rehearsal.functions import load
from rehearsal.stage import ROOT
from secondhop.adapters.sqs_work import write_work
from secondhop.application.work import Abandon, Look, PointNews
from secondhop.domain.chain import ChainKey
from secondhop.domain.errors import ConflictError, DeniedError, TryAgainError, UnreadableItemError
from tests.builders import ARRIVAL_ARN, HOME, WORKLOAD, a_chain
from tests.running_functions import Running, batch

KEYS = {name: ChainKey(f"{ARRIVAL_ARN}-{name}", "default") for name in ("first", "second", "third")}
LOOKS = {name: write_work(Look(key=key)) for name, key in KEYS.items()}


def failed(answer: Any) -> list[str]:
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


@pytest.mark.parametrize(
    "error",
    [
        TryAgainError("busy"),
        ConflictError("written by others"),
        DeniedError("no"),
        RuntimeError("a bug"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_work_that_failed_comes_back_and_the_rest_of_its_batch_does_not(error: Exception) -> None:
    actor = Running("AdvanceChain")
    actor.chains.troubles[KEYS["second"]] = error

    assert failed(actor(batch(**LOOKS))) == ["second"]
    assert actor.dead_letters == []
    assert actor.measured["EventsIgnored"] == 2
    assert actor.measured["ItemsUnreadable"] == 0
    assert actor.units == {"Count"}


def test_an_item_that_cannot_be_read_is_counted_and_is_neither_repeated_nor_a_dead_letter() -> None:
    actor = Running("AdvanceChain")
    actor.chains.troubles[KEYS["second"]] = UnreadableItemError("of a newer release")

    assert failed(actor(batch(**LOOKS))) == []
    assert actor.dead_letters == []
    assert actor.measured["ItemsUnreadable"] == 1


def test_a_batch_of_which_everything_failed_comes_back_as_a_whole_without_an_error_of_the_function() -> None:
    actor = Running("AdvanceChain")
    actor.chains.troubles = dict.fromkeys(KEYS.values(), TryAgainError("busy"))

    assert failed(actor(batch(**LOOKS))) == [*KEYS]
    del actor.chains.troubles[KEYS["first"]]
    assert failed(actor(batch(**LOOKS))) == ["second", "third"]


def test_a_failure_is_logged_with_its_reason_and_its_kind() -> None:
    actor = Running("AdvanceChain")
    actor.chains.troubles[KEYS["first"]] = TryAgainError("busy")
    actor(batch(first=LOOKS["first"]))

    (line,) = [each for each in actor.logged if each["level"] == "WARNING"]
    assert (line["message"], line["reason"], line["kind"]) == (
        "work is not done and comes back",
        "busy",
        "TryAgainError",
    )


@pytest.mark.parametrize("body", ["not JSON", "[]", '{"secondhop": 1, "work": "dream"}', '{"secondhop": 2}'])
def test_work_that_cannot_be_read_is_a_dead_letter_with_its_reason_and_does_not_come_back(body: str) -> None:
    actor = Running("AdvanceChain")

    assert failed(actor(batch(first=body, second=LOOKS["second"]))) == []
    (letter,) = actor.dead_letters
    (line,) = [each for each in actor.logged if each["level"] == "WARNING"]
    assert letter.body == body
    assert letter.attributes["reason"]["StringValue"] == line["reason"] != ""
    assert line["message"] == "work cannot be read and goes to the dead-letter queue"
    assert (actor.measured["EventsMalformed"], actor.measured["EventsIgnored"]) == (1, 1)
    assert actor.units == {"Count"}


def test_work_that_cannot_be_read_comes_back_if_it_could_not_become_a_dead_letter() -> None:
    actor = Running("AdvanceChain")
    actor.stage.world.faults.refuse("SendMessage", service="sqs", code="RequestThrottled")

    assert failed(actor(batch(first="not JSON", second=LOOKS["second"]))) == ["first"]
    assert (actor.dead_letters, actor.measured["EventsMalformed"]) == ([], 0)
    assert failed(actor(batch(first="not JSON"))) == []
    assert len(actor.dead_letters) == 1


def test_a_bare_event_is_answered_with_what_was_decided() -> None:
    actor = Running("AdvanceChain")
    chain = a_chain()
    actor.chains.save(chain, before=None, limit=20)
    answer = actor(json.loads(write_work(Abandon(key=chain.key, by="ada"))))

    (line,) = actor.logged
    (decision,) = answer["decisions"]
    assert answer["ignored"] is None
    assert decision == {
        "chain": str(chain.key),
        "before": "WAITING",
        "after": "ABANDONED",
        "commands": decision["commands"],
        "rules": ["abandon_for_operator"],
        "reason": decision["reason"],
    }
    assert "ada" in decision["reason"]
    assert {name: line[name] for name in decision} == decision
    assert (line["message"], line["database"], line["level"]) == ("decision", chain.database, "INFO")
    assert actor.measured == {"Decisions": 1}


@pytest.mark.parametrize(
    ("is_encrypted", "states", "counted"),
    [
        (True, [(None, "WAITING"), ("WAITING", "COPYING"), ("COPYING", "COPYING")], {"CopiesStarted": 1}),
        (False, [(None, "STRANDED"), ("STRANDED", "STRANDED"), ("STRANDED", "STRANDED")], {"ChainsStranded": 1}),
    ],
)
def test_an_arrival_is_counted_with_what_was_done_about_it(
    is_encrypted: bool, states: list[tuple[str | None, str]], counted: dict[str, int]
) -> None:
    actor = Running("AdvanceChain")
    stage = actor.stage
    key = stage.workload["KeyArn"] if is_encrypted else None
    site = stage.world.site(WORKLOAD, HOME)
    site.create_database("Aurora", "orders", size_gib=1, key_arn=key, tags={"Backup": "True"})
    stage.world.set_delivery(Delivery(loss=1.0))
    while not stage.world.copy_jobs() or stage.world.copy_jobs()[0].state != "COMPLETED":
        stage.world.run_for(timedelta(minutes=1))
    (arrival,) = [point for point in stage.world.recovery_points() if point.source_point_arn is not None]
    news = PointNews(
        arn=arrival.arn,
        vault_arn=arrival.vault_arn,
        status="COMPLETED",
        database=arrival.database_arn,
        resource_type="Aurora",
        created_at=None,
    )
    answer = actor(batch(arrival=write_work(news)))

    decisions = [each for each in actor.logged if each["message"] == "decision"]
    assert failed(answer) == []
    assert [(each.get("before"), each["after"]) for each in decisions] == states
    assert actor.measured == {"Decisions": len(states), "ChainsOpened": 1, **counted}
    assert actor.units == {"Count"}


@pytest.mark.parametrize(
    ("before", "after", "commands", "counted"),
    [
        (None, "WAITING", ("SurveyCopies",), ["ChainsOpened"]),
        ("WAITING", "COPYING", ("StartCopy",), ["CopiesStarted"]),
        ("WAITING", "WAITING", ("would StartCopy",), []),
        ("COMPLETE", "RELEASING", ("ReleaseIntermediate", "Announce"), ["IntermediatesReleased"]),
        ("COPYING", "STRANDED", (), ["ChainsStranded"]),
        ("STRANDED", "STRANDED", (), []),
        (None, "STRANDED", (), ["ChainsOpened", "ChainsStranded"]),
        ("VERIFYING", "COMPLETE", (), ["ArrivalsVerified"]),
        ("VERIFYING", "RELEASING", ("ReleaseIntermediate",), ["IntermediatesReleased", "ArrivalsVerified"]),
        ("VERIFYING", "VERIFYING", (), []),
        ("COPYING", "COMPLETE", (), []),
        ("RELEASING", "COMPLETE", (), []),
    ],
)
def test_a_decision_counts_in_what_it_did(
    before: str | None, after: str, commands: tuple[str, ...], counted: list[str]
) -> None:
    app = load(ROOT / "functions" / "advance_chain")

    assert app.metrics_of(before, after, commands) == counted


def test_a_bare_event_that_concerns_nothing_is_answered_with_the_reason() -> None:
    actor = Running("AdvanceChain")
    answer = actor({"source": "aws.ec2", "detail-type": "EC2 Instance State-change Notification", "detail": {}})

    reason = "an event of aws.ec2 is nothing that a route is about"
    (line,) = actor.logged
    assert answer == {"decisions": [], "ignored": reason, "unreadable": []}
    assert (line["message"], line["reason"]) == ("ignored", reason)


def test_a_bare_event_that_fails_is_an_error_of_the_invocation() -> None:
    actor = Running("AdvanceChain")
    actor.chains.troubles[KEYS["first"]] = TryAgainError("busy")

    with pytest.raises(TryAgainError, match="busy"):
        actor(json.loads(LOOKS["first"]))
    assert actor.dead_letters == []
