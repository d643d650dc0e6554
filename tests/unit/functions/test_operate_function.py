"""The operators' function, deployed from the template and invoked as an operator would."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from backup_simulator import World
from rehearsal.stage import Stage
from secondhop.adapters.memory_chains import MemoryChains
from secondhop.domain.chain import Chain, ChainState
from tests.running_functions import Running
from tests.stand_ins import empty


def stranded() -> tuple[Stage, Chain]:
    stage = Stage(World(), MemoryChains())
    stage.add_database("Aurora", "customers", size_gib=1)
    stage.world.keys[stage.dr["KeyArn"]].managed_by = "aws/backup"
    stage.world.run_for(timedelta(hours=6))
    return stage, the_chain(stage)


def the_chain(stage: Stage) -> Chain:
    assert isinstance(stage.chains, MemoryChains)
    (chain,) = stage.chains.all()
    return chain


def operate(stage: Stage, **request: Any) -> dict[str, Any]:
    answer: dict[str, Any] = stage.main.functions["OperateChains"](request)
    return answer


def test_a_retry_goes_through_the_queue_and_the_chain_completes() -> None:
    stage, chain = stranded()
    assert chain.state is ChainState.STRANDED
    stage.world.keys[stage.dr["KeyArn"]].managed_by = None

    answer = operate(stage, verb="retry", by="ada", recovery_point=chain.key.recovery_point)
    stage.world.run_for(timedelta(hours=3))

    assert answer["is_accepted"]
    assert the_chain(stage).state is ChainState.COMPLETE
    refused = operate(stage, verb="retry", by="ada", recovery_point=chain.key.recovery_point)
    assert not refused["is_accepted"]
    assert "COMPLETE" in refused["message"]


def test_a_retry_by_cause_finds_the_chain_by_itself() -> None:
    stage, _ = stranded()
    stage.world.keys[stage.dr["KeyArn"]].managed_by = None
    answer = operate(stage, verb="retry", by="ada", cause="VAULT_KEY")
    stage.world.run_for(timedelta(hours=3))

    assert len(answer["points"]) == 1
    assert the_chain(stage).state is ChainState.COMPLETE


def test_an_abandoned_chain_names_who_abandoned_it() -> None:
    stage, chain = stranded()
    operate(stage, verb="abandon", by="ada", recovery_point=chain.key.recovery_point)
    stage.world.run_for(timedelta(minutes=1))

    assert the_chain(stage).abandoned_by == "ada"
    closed = stage.world.published(stage.topic_arn)[-1]
    assert "abandoned by ada" in closed.message


def test_a_paused_route_copies_nothing_until_it_is_resumed() -> None:
    stage = Stage(World(), MemoryChains())
    stage.add_database("Aurora", "customers", size_gib=1)
    operate(stage, verb="pause", by="ada")
    stage.world.run_for(timedelta(hours=8))
    assert the_chain(stage).state is ChainState.WAITING

    assert operate(stage, verb="resume", by="ada")["message"] == "route default acts again, said ada"
    stage.world.run_for(timedelta(hours=4))
    assert the_chain(stage).state is ChainState.COMPLETE


def test_adopt_is_a_dry_run_unless_told_otherwise() -> None:
    stage, chain = stranded()
    assert isinstance(stage.chains, MemoryChains)
    empty(stage.chains)

    shown = operate(stage, verb="adopt", by="ada", after="2026-01-01T00:00:00Z")
    assert shown["points"] == (f"{chain.key.recovery_point} of {chain.database}",)
    assert not stage.world.queue(stage.main.ref("WorkQueue")).messages
    operate(stage, verb="adopt", by="ada", dry_run=True)
    operate(stage, verb="adopt", by="ada", dry_run="false")
    assert not stage.world.queue(stage.main.ref("WorkQueue")).messages
    assert stage.chains.all() == []

    operate(stage, verb="adopt", by="ada", dry_run=False)
    stage.world.run_for(timedelta(minutes=5))
    assert the_chain(stage).key == chain.key


def test_adopt_shows_the_points_of_the_time_that_it_is_asked_for() -> None:
    stage, chain = stranded()
    made = chain.created_at

    def shown(**times: timedelta) -> int:
        request = {name: (made + time).isoformat() for name, time in times.items()}
        return len(operate(stage, verb="adopt", by="ada", **request)["points"])

    assert isinstance(stage.chains, MemoryChains)
    empty(stage.chains)
    minute = timedelta(minutes=1)
    assert [shown(), shown(after=-minute, before=minute), shown(after=-minute), shown(before=minute)] == [1] * 4
    assert [shown(after=minute), shown(before=-minute)] == [0, 0]


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"verb": "dream", "by": "ada"}, "retry, abandon, adopt, pause, resume"),
        ({"verb": "retry", "recovery_point": "x"}, "by should be a text"),
        ({"verb": "retry", "by": "ada"}, "recovery_point should be a text"),
        ({"verb": "pause", "by": "ada", "route": "other"}, "this installation has: default"),
        ({"verb": "adopt", "by": "ada", "after": "yesterday"}, "not a time"),
        ({"verb": "abandon", "by": "ada", "recovery_point": "x"}, "there is no chain"),
    ],
)
def test_a_request_that_cannot_be_met_is_answered_with_the_reason(request_: dict[str, str], words: str) -> None:
    answer = operate(Stage(World(), MemoryChains()), **request_)

    assert not answer["is_accepted"]
    assert words in answer["message"]


@pytest.mark.parametrize(
    ("request_", "is_accepted"), [({"verb": "pause", "by": "ada"}, True), ({"verb": "dream", "by": "ada"}, False)]
)
def test_every_request_is_logged_with_its_answer(request_: dict[str, str], is_accepted: bool) -> None:
    function = Running("OperateChains", POWERTOOLS_LOG_LEVEL="INFO")
    answer = function(request_)

    (line,) = function.logged
    assert (line["message"], line["level"], line["service"]) == ("operator", "INFO", "second-hop")
    assert (line["request"], line["accepted"], line["answer"]) == (request_, is_accepted, answer["message"])
    assert answer["is_accepted"] is is_accepted


@pytest.mark.parametrize("by", ["", None, 7, ["ada"]])
def test_whoever_asks_is_named_by_a_text(by: object) -> None:
    answer = Running("OperateChains")({"verb": "pause", "by": by})

    assert not answer["is_accepted"]
    assert f"by should be a text, found {by!r}" in answer["message"]
