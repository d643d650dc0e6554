"""The commands that act, against an installation in the simulator, with sessions of its account."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest

from backup_simulator import World
from rehearsal.stage import HOME, Stage
from secondhop.adapters.memory_chains import MemoryChains
from secondhop.domain.chain import Chain, ChainState
from secondhop_cli.ending import CommandError, UsageError
from secondhop_cli.main import parser
from secondhop_cli.operate.command import operate


def a_stage(*, key_is_wrong: bool = True) -> Stage:
    stage = Stage(World(), MemoryChains())
    for resource_type, name in (("Aurora", "customers"), ("RDS", "orders")):
        stage.add_database(resource_type, name, size_gib=1)
    if key_is_wrong:
        stage.world.keys[stage.dr["KeyArn"]].managed_by = "aws/backup"
    stage.world.run_for(timedelta(hours=6))
    return stage


def chains_of(stage: Stage) -> list[Chain]:
    assert isinstance(stage.chains, MemoryChains)
    return stage.chains.all()


def said(stage: Stage, *arguments: str) -> int:
    """Run a command as a person types it, with the credentials of the main stack's account."""
    session = stage.world.session(stage.main_account, region=HOME)
    return operate(session, parser().parse_args(arguments))


def recorded(stage: Stage) -> set[str]:
    return {line for chain in chains_of(stage) for line in re.findall(r"abandoned_by='([^']*)'", repr(chain))}


def test_a_retry_of_two_points_leads_to_two_copies(capsys: pytest.CaptureFixture[str]) -> None:
    stage = a_stage()
    points = [chain.key.recovery_point for chain in chains_of(stage)]
    stage.world.keys[stage.dr["KeyArn"]].managed_by = None
    code = said(stage, "retry", *points, "--yes")
    stage.world.run_for(timedelta(hours=3))

    assert code == 0
    assert capsys.readouterr().out.count("will be tried again") == 2
    assert {chain.state for chain in chains_of(stage)} == {ChainState.COMPLETE}


def test_a_retry_by_cause_takes_the_cause_in_any_case(capsys: pytest.CaptureFixture[str]) -> None:
    stage = a_stage()
    stage.world.keys[stage.dr["KeyArn"]].managed_by = None

    assert said(stage, "retry", "--cause", "vault_key", "--yes") == 0
    assert "tries 2 chains again (VAULT_KEY)" in capsys.readouterr().out


def test_one_refused_point_does_not_stop_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    stage = a_stage()
    known = chains_of(stage)[0].key.recovery_point

    assert said(stage, "retry", "arn:aws:rds:eu-west-1:444455556666:snapshot:none", known, "--yes") == 1
    captured = capsys.readouterr()
    assert "there is no chain" in captured.err
    assert "will be tried again" in captured.out


def test_an_abandoned_chain_records_the_callers_arn() -> None:
    stage = a_stage()
    assert said(stage, "abandon", chains_of(stage)[0].key.recovery_point, "--yes") == 0
    stage.world.run_for(timedelta(minutes=10))
    caller = stage.world.session(stage.main_account, region=HOME).client("sts").get_caller_identity()["Arn"]

    assert recorded(stage) == {caller}


def test_a_pause_holds_until_it_is_resumed() -> None:
    stage = a_stage(key_is_wrong=False)
    begun = len(stage.world.copy_jobs())
    assert said(stage, "pause", "--yes") == 0
    stage.world.run_for(timedelta(days=1))
    paused = [job for job in stage.world.copy_jobs() if job.created_by is None]
    assert said(stage, "resume", "--yes") == 0
    stage.world.run_for(timedelta(days=1))
    resumed = [job for job in stage.world.copy_jobs() if job.created_by is None]

    assert begun > 0
    assert len(paused) == 2
    assert len(resumed) > 2


def test_adopt_shows_a_forecast_and_does_nothing_in_a_dry_run(capsys: pytest.CaptureFixture[str]) -> None:
    stage = a_stage(key_is_wrong=False)
    jobs = len(stage.world.copy_jobs())

    assert said(stage, "adopt", "--dry-run") == 0
    assert "would adopt 0 recovery points" in capsys.readouterr().out
    assert said(stage, "adopt", "--after", "2026-01-01T00:00:00Z", "--yes") == 0
    assert "adopts 0 recovery points" in capsys.readouterr().out
    assert len(stage.world.copy_jobs()) == jobs


def test_json_holds_every_answer_and_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    stage = a_stage()
    code = said(stage, "retry", "arn:none", chains_of(stage)[0].key.recovery_point, "--yes", "--json")
    document = json.loads(capsys.readouterr().out)

    assert document["exit_code"] == code == 1
    assert [each["is_accepted"] for each in document["answers"]] == [False, True]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("retry", "--yes"), "name recovery points, or a cause"),
        (("retry", "arn:x", "--cause", "TAGS", "--yes"), "name recovery points, or a cause"),
        (("retry", "--cause", "NONE", "--yes"), "there is no cause 'NONE'. Known are: AWS_MANAGED_KEY"),
        (("abandon", "--yes"), "name at least one recovery point"),
        (("abandon", "orders", "--yes"), "'orders' is not the ARN of a recovery point"),
        (("pause", "--stack", "none", "--yes"), "there is no stack none in eu-west-1"),
        (("pause", "--stack", "second-hop-workload", "--yes"), "Name the main stack of Second Hop with --stack"),
        (("pause", "--region", "europe", "--yes"), "it should be the code of a Region"),
        (("pause",), "Add --yes to act without a question"),
    ],
)
def test_what_cannot_be_meant_gets_one_sentence(arguments: tuple[str, ...], sentence: str) -> None:
    stage = a_stage(key_is_wrong=False)
    with pytest.raises(UsageError, match=re.escape(sentence)):
        said(stage, *arguments)


def test_an_order_that_is_refused_or_fails_says_so() -> None:
    stage = a_stage(key_is_wrong=False)
    denied = "AccessDeniedException"
    stage.world.faults.refuse("Invoke", service="lambda", code=denied, message="not yours", times=1)
    with pytest.raises(CommandError, match=f"the order was refused: {denied}: not yours"):
        said(stage, "pause", "--yes")
    stage.world.faults.refuse("GetCallerIdentity", service="sts", code="ExpiredToken", times=1)
    with pytest.raises(CommandError, match="the caller is unknown: ExpiredToken: AWS gives no reason; log in"):
        said(stage, "pause", "--yes")
    stage.world.faults.refuse("DescribeStacks", service="cloudformation", code="Throttling", times=1)
    with pytest.raises(CommandError, match="the stack second-hop cannot be read: Throttling"):
        said(stage, "pause", "--yes")


def test_a_function_that_fails_is_named_with_its_log() -> None:
    stage = a_stage(key_is_wrong=False)
    arn = next(arn for arn in stage.main.functions if arn.endswith("-OperateChains"))

    def fail(_: dict[str, Any]) -> Any:
        raise RuntimeError("the table is gone")

    stage.main.site.create_function(arn.rpartition(":")[2], fail)
    with pytest.raises(CommandError, match=r"failed: the table is gone\. Its log group is the resource"):
        said(stage, "pause", "--yes")
    stage.main.site.create_function(arn.rpartition(":")[2], lambda _: "hello")
    with pytest.raises(CommandError, match="cannot be read: b'\"hello\"'"):
        said(stage, "pause", "--yes")


def test_an_endpoint_that_does_not_answer_leaves_open_whether_the_order_was_carried_out() -> None:
    stage = a_stage(key_is_wrong=False)
    stage.world.faults.hang("lambda", HOME, until=stage.world.now() + timedelta(hours=1))
    with pytest.raises(CommandError, match=r"was not answered, and may have been carried out: .*check the network"):
        said(stage, "pause", "--yes")
