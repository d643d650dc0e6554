"""Small replacements of parts of Second Hop. Each breaks a promise on purpose, and a test must notice it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from secondhop.adapters.aws_backup import AwsBackup
from secondhop.adapters.chain_writes import Write, slot_writes
from secondhop.adapters.memory_chains import MemoryChains
from secondhop.application.advance_chain import AdvanceChain
from secondhop.application.origin import Origin, survey_origin
from secondhop.application.release import inspect_arrival
from secondhop.application.survey import _is_answer
from secondhop.domain.arn import Arn
from secondhop.domain.chain import Chain, Intermediate
from secondhop.domain.command import StartCopy
from secondhop.domain.gathering import Group
from secondhop.domain.hop import Hop, HopState
from secondhop.domain.observation import ArrivalInspected, JobSeen, PointSeen
from secondhop.domain.route import Route
from secondhop.domain.rules.arriving import adopt
from secondhop.domain.rules.copying import _repeat_start
from secondhop.domain.rules.releasing import _doubt_of_release, _released
from secondhop.domain.rules.step import token_of
from secondhop.domain.rules.waiting import _refuse_source
from secondhop.domain.source import with_source
from secondhop.domain.verification import USABLE_KEY, _assess_key

# The methods as they are: a replacement that asked the class for them would call itself.
START, REFUSE, SENT, SEND = AwsBackup.start, Route.refusal, Group.sent, Group.sending
NEXT_LOOK, REFUSE_SLOT = Chain.final_copy_check, MemoryChains.slot_refusal
MANY = 1000
TOKENS = count()


def none(*_: Any, **__: Any) -> None:
    """Instead of what finds something: nothing is found."""


def always(answer: Any) -> Callable[..., Any]:
    return lambda *_, **__: answer


# ---------------------------------------------------------------- 1: never zero copies


def first_readers(chain: Chain, _intermediate: str) -> tuple[Hop, ...]:
    return chain.readers_of("arrival")


def inspected_with_an_expiry(*asked: Any) -> ArrivalInspected:
    """A copy with an unknown expiry lives for ten years."""
    seen = inspect_arrival(*asked)
    if seen.point is None or seen.point.delete_at is not None:
        return seen
    return replace(seen, point=replace(seen.point, delete_at=seen.point.created_at + timedelta(days=3650)))


def any_reader_is_verified(chain: Chain, each: Intermediate) -> bool:
    return any(hop.state is HopState.VERIFIED for hop in chain.readers_of(each.name))


def start_with_inherited_retention(backup: AwsBackup, command: Any) -> Any:
    return START(backup, replace(command, delete_after_days=-1))


# ---------------------------------------------------------------- 2: never two


def adopted_without(*states: str) -> Callable[..., Any]:
    return lambda s, fact: adopt(s, replace(fact, jobs=tuple(job for job in fact.jobs if job.state not in states)))


def refused_without_twins(s: Any, fact: Any, source: str) -> Any:
    return _refuse_source(s, replace(fact, twins=()), source)


def failed_job_answers(job: JobSeen, hop: Hop) -> bool:
    return _is_answer(replace(job, state="COMPLETED"), hop)


def another_token(**asked: Any) -> str:
    return f"{token_of(**asked)[:-8]}{next(TOKENS):08}"


def repeated_with_another_token(s: Any, fact: Any) -> Any:
    step = _repeat_start(s, fact)
    return replace(
        step, commands=tuple(replace(each, token="another") for each in step.commands if isinstance(each, StartCopy))
    )


def write_over_any_version(item: Any, **_: Any) -> Write:
    return Write(request={"Put": {"Item": item}})


# ---------------------------------------------------------------- 3: never silent


def gone_by_its_date(chain: Chain, point: PointSeen | None, now: datetime) -> Chain:
    is_over = point is not None and point.delete_at is not None and now > point.delete_at
    return with_source(chain, None if is_over else point, now)


def sent_all_that_wait(group: Group, _members: Any, now: datetime) -> Group:
    return SENT(group, group.waiting, now)


def sending_unannounced(group: Group, member: str, now: datetime) -> Group:
    return replace(SEND(group, member, now), is_announced=group.is_announced)


def released_as_seen_gone(s: Any, *_: Any) -> Any:
    return _released(s, "seen gone")


def next_look_at_the_newest(chain: Chain, hop: Hop) -> datetime | None:
    return None if hop.arrival.is_superseded else NEXT_LOOK(chain, hop)


def judged_under_a_usable_key(point: PointSeen, seen: ArrivalInspected) -> Any:
    return _assess_key(point, replace(seen, key_state=USABLE_KEY))


# ---------------------------------------------------------------- 4: never more than the quota


def refused_far_above_the_limit(chains: MemoryChains, slot: Any, *, limit: int) -> Any:
    return REFUSE_SLOT(chains, slot, limit=limit + MANY)


def written_far_above_the_limit(due: Any, limit: int) -> Any:
    return slot_writes(due, limit + MANY)


def refused_unless_the_database_is_busy(chains: MemoryChains, slot: Any, *, limit: int) -> Any:
    refusal = REFUSE_SLOT(chains, slot, limit=limit)
    return None if refusal is not None and refusal.is_database_busy else refusal


# ---------------------------------------------------------------- 5: never touch what is not ours


def origin_without_owner(*asked: Any, **named: Any) -> Origin:
    return replace(survey_origin(*asked, **named), owner=None)


def doubted_with_proof(s: Any, fact: Any) -> Any:
    return _doubt_of_release(s, replace(fact, is_from_workload=True))


def refused_to_no_account(route: Route, *, database_arn: str, **asked: Any) -> Any:
    account = Arn.parse(database_arn).account
    return REFUSE(replace(route, workload_accounts=frozenset({account})), database_arn=database_arn, **asked)


def every_route(actor: AdvanceChain, _vault_arn: str) -> list[Route]:
    return list(actor.routes)
