"""A site that does not answer is asked once a minute, and not once for each piece of work."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from backup_simulator import World
from rehearsal.stage import BACKUP, DR, HOME, Stage
from secondhop.adapters.aws_backup import AwsBackup
from secondhop.adapters.aws_keys import AwsKeys
from secondhop.adapters.breaker import FAULTS_TO_PAUSE, PAUSE, Breaker
from secondhop.adapters.sites import AssumedRole, Sites
from secondhop.application.ports import UnansweredError
from secondhop.bootstrap.actor import build_actor
from secondhop.bootstrap.base import Runtime, regional_core
from secondhop.domain.announcing import announcements
from secondhop.domain.arn import Site
from secondhop.domain.classification import Cause
from secondhop.domain.command import Channel
from secondhop.domain.errors import FinalError, SilentError
from secondhop.domain.hop import Trouble
from tests.builders import NOW, a_chain, with_hop
from tests.stand_in_backup import Clock
from tests.unit.adapters.test_lost_answers import START

READ = ReadTimeoutError(endpoint_url="https://backup")
CONNECT = ConnectTimeoutError(endpoint_url="https://backup")


def fault(code: str = "InternalFailure", status: int = 500) -> ClientError:
    error: Any = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(error, "DescribeCopyJob")


class Answering:
    """A client that raises what it is told to, and counts what is sent."""

    def __init__(self, *troubles: Exception | None) -> None:
        self.troubles = list(troubles)
        self.sent = 0
        self.meta = "meta"

    def describe_copy_job(self, **_: Any) -> str:
        self.sent += 1
        trouble = self.troubles.pop(0) if self.troubles else None
        if trouble is not None:
            raise trouble
        return "answer"


@pytest.mark.parametrize("has_time", [True, False])
def test_after_a_timeout_another_service_is_asked_only_if_time_is_left_for_one_more(has_time: bool) -> None:
    breaker, client = Breaker(Clock()), Answering(READ)
    breaker.begin(lambda: has_time)
    with suppress(ReadTimeoutError):
        breaker.watched(client, "backup in A").describe_copy_job()
    other, why = Answering(), ""
    try:
        breaker.watched(other, "sns").describe_copy_job()
    except SilentError as error:
        why = str(error)

    assert (other.sent, why) == ((1, "") if has_time else (0, "too little time was left to ask sns"))


def test_each_piece_of_work_may_ask_until_its_first_timeout() -> None:
    breaker = Breaker(Clock())
    breaker.begin(lambda: False)
    with suppress(ReadTimeoutError):
        breaker.watched(Answering(READ), "backup in A").describe_copy_job()
    breaker.begin(lambda: False)

    assert breaker.watched(Answering(), "sns").describe_copy_job() == "answer"


def watched(*troubles: Exception | None) -> tuple[Answering, Any, Clock]:
    clock, client = Clock(), Answering(*troubles)
    return client, Breaker(clock).watched(client, "backup in A"), clock


def ask(client: Any, times: int) -> list[str]:
    """What came of asking so often."""
    found = []
    for _ in range(times):
        try:
            found.append(client.describe_copy_job(CopyJobId="x"))
        except (SilentError, ClientError, ReadTimeoutError, ConnectTimeoutError) as error:
            found.append(type(error).__name__)
    return found


@pytest.mark.parametrize("silence", [READ, CONNECT])
def test_after_one_timeout_a_site_is_not_asked_for_a_minute(silence: Exception) -> None:
    client, guarded, clock = watched(silence)
    assert ask(guarded, 3) == [type(silence).__name__, "SilentError", "SilentError"]
    assert client.sent == 1

    clock.now += PAUSE - timedelta(seconds=1)
    assert ask(guarded, 1) == ["SilentError"]
    clock.forward(seconds=1)
    assert ask(guarded, 1) == ["answer"]


def test_a_site_that_is_still_silent_after_a_minute_is_asked_once_again() -> None:
    client, guarded, clock = watched(READ, READ, READ)
    for _ in range(3):
        ask(guarded, 10)
        clock.now += PAUSE

    assert client.sent == 3


def test_one_fault_of_aws_stops_nobody_else() -> None:
    """It may concern one recovery point, which is asked about again and again."""
    client, guarded, _ = watched(fault(), None, fault(), None, fault(), fault("ThrottlingException", 400), fault())
    ask(guarded, 7)

    assert client.sent == 7


def test_faults_in_a_row_pause_like_a_timeout() -> None:
    client, guarded, _ = watched(*[fault()] * 5)

    assert ask(guarded, 5) == ["ClientError"] * FAULTS_TO_PAUSE + ["SilentError"] * 3
    assert client.sent == FAULTS_TO_PAUSE


def test_everything_but_the_calls_is_the_clients_own() -> None:
    client, guarded, _ = watched()

    assert guarded.meta == client.meta
    with pytest.raises(AttributeError):
        _ = guarded.no_such_operation


def a_world_whose_dr_region_hangs(service: str) -> tuple[World, Sites]:
    stage = Stage(World())
    world = stage.world
    world.faults.hang(service, DR, until=world.now() + timedelta(hours=1))
    role = stage.backup_account["OperatorRoleArn"]
    roles = {BACKUP: AssumedRole(role_arn=role, external_id="second-hop")}
    return world, Sites(stage.main.functions["AdvanceChain"].session, roles, world.now)


Question = Callable[[Sites, str], Any]


@pytest.mark.parametrize(
    ("service", "question"),
    [
        ("backup", lambda sites, region: AwsBackup(sites.backup_client).job(Site(BACKUP, region), "JOB")),
        (
            "kms",
            lambda sites, region: AwsKeys(sites.key_client).state_of(f"arn:aws:kms:{region}:{BACKUP}:key/none"),
        ),
    ],
)
def test_a_region_that_hangs_costs_one_wait_and_the_other_region_is_asked_all_the_while(
    service: str, question: Question
) -> None:
    world, sites = a_world_whose_dr_region_hangs(service)
    began = world.now()
    for _ in range(10):
        with pytest.raises(SilentError):
            question(sites, DR)
    assert world.now() - began == timedelta(seconds=26)

    with suppress(FinalError):  # the key is not there, and that is an answer
        question(sites, HOME)
    assert world.now() - began == timedelta(seconds=26)


def test_a_role_that_cannot_be_assumed_for_silence_costs_one_wait() -> None:
    world, sites = a_world_whose_dr_region_hangs("backup")
    world.faults.hang("sts", HOME, until=world.now() + timedelta(hours=1))
    began = world.now()
    for _ in range(10):
        with pytest.raises(SilentError):
            sites.backup_client(Site(BACKUP, HOME))

    assert world.now() - began == timedelta(seconds=26)


@pytest.mark.parametrize(("service", "channel"), [("sns", Channel.TOPIC), ("events", Channel.BUS)])
def test_a_channel_that_hangs_costs_one_wait(service: str, channel: Channel) -> None:
    stage = Stage(World())
    function, world = stage.main.functions["AdvanceChain"], stage.world
    runtime = Runtime(environ=function.environ, session=function.session, now=world.now, chains=stage.chains)
    announcer = build_actor(runtime).advance.performer.announcer
    chain = with_hop(a_chain(), unresolved=Trouble(cause=Cause.VAULT_KEY, message="no", since=NOW))
    message = next(each for each in announcements(a_chain(), chain, NOW) if each.channel is channel)
    world.faults.hang(service, HOME, until=world.now() + timedelta(hours=1))
    began = world.now()
    for _ in range(10):
        with pytest.raises(SilentError):
            announcer.announce(message)

    assert world.now() - began == timedelta(seconds=26)


def test_a_start_that_was_not_sent_is_not_taken_for_one_that_nobody_answered() -> None:
    """Unanswered means that a job may run. This one was not asked for."""
    clock = Clock()

    class Hanging:
        def start_copy_job(self, **_: Any) -> None:
            raise READ

    guarded = Breaker(clock).watched(Hanging(), "backup in A")
    backup = AwsBackup(lambda _site: guarded)
    with pytest.raises(UnansweredError):
        backup.start(START)
    with pytest.raises(SilentError) as not_sent:
        backup.start(START)
    assert not isinstance(not_sent.value, UnansweredError)


def test_sts_is_asked_in_its_own_region_whatever_the_default_of_boto3_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_STS_REGIONAL_ENDPOINTS", "legacy")
    core = regional_core()
    client = core.create_client("sts", region_name=HOME, aws_access_key_id="a", aws_secret_access_key="b")

    assert client.meta.endpoint_url == f"https://sts.{HOME}.amazonaws.com"
