"""Builds the use cases of each function. Only this file knows all packages.

All that comes from outside is in one frozen value, the Runtime, so that the same handlers run on Lambda and
in a rehearsal with nothing patched.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.session import Session, get_session

from secondhop.adapters.announcers import Announcers
from secondhop.adapters.aws_backup import AwsBackup
from secondhop.adapters.aws_keys import AwsKeys
from secondhop.adapters.breaker import Breaker
from secondhop.adapters.dynamodb_chains import DynamoDbChains
from secondhop.adapters.environment import Settings, read_settings
from secondhop.adapters.eventbridge_announcer import EventBridgeAnnouncer
from secondhop.adapters.sites import CONFIG, AssumedRole, ClientFactory, Sites
from secondhop.adapters.sns_announcer import SnsAnnouncer
from secondhop.adapters.sqs_work import DeadLetters, SqsWork
from secondhop.application.advance_chain import AdvanceChain
from secondhop.application.operate_chains import OperateChains
from secondhop.application.others import other_copies
from secondhop.application.perform import Performer
from secondhop.application.ports import ChainStore
from secondhop.application.recent import beginning, pauses
from secondhop.application.sweep_chains import SweepChains
from secondhop.application.waking import Wakes

Handler = Callable[[dict[str, Any], Any], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """What a handler is given: the environment, a factory of clients, a clock (aware, UTC), and a store.

    `chains` None means DynamoDB, by the session.
    """

    environ: Mapping[str, str]
    session: ClientFactory
    now: Callable[[], datetime]
    chains: ChainStore | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorUseCases:
    """What the actor's function needs: the use case, the wakes that it collects, its queue, and the dead letters."""

    advance: AdvanceChain
    wakes: Wakes
    queue: SqsWork
    dead_letters: DeadLetters
    breaker: Breaker


@dataclass(frozen=True, slots=True, kw_only=True)
class _Base:
    """What every function needs: settings, the store, the queue, and AWS Backup in each site."""

    settings: Settings
    chains: ChainStore
    sqs: Any
    queue: SqsWork
    breaker: Breaker
    sites: Sites
    backup: AwsBackup


def build_actor(runtime: Runtime) -> ActorUseCases:
    """Wire the actor. Raises SettingsError, which lists every problem of the settings."""
    base = _build_base(runtime)
    wakes = Wakes(chains=base.chains, queue=base.queue)
    performer = Performer(
        chains=base.chains,
        backup=base.backup,
        keys=AwsKeys(base.sites.key_client),
        queue=base.queue,
        announcer=_build_announcers(runtime, base),
        wakes=wakes,
        now=runtime.now,
        pauses=pauses(base.chains, runtime.now),
        others=other_copies(base.chains, base.backup, runtime.now),
    )
    advance = AdvanceChain(
        routes=base.settings.routes,
        chains=base.chains,
        backup=base.backup,
        performer=performer,
        now=runtime.now,
        beginning=beginning(base.chains, base.settings.routes, runtime.now),
        observe_only=base.settings.observe_only,
    )
    dead_letters = DeadLetters(base.sqs, base.settings.dead_letter_queue_url)
    return ActorUseCases(
        advance=advance, wakes=wakes, queue=base.queue, dead_letters=dead_letters, breaker=base.breaker
    )


def build_sweep(runtime: Runtime) -> SweepChains:
    """Wire the sweep. Raises SettingsError."""
    base = _build_base(runtime)
    return SweepChains(
        routes=base.settings.routes, chains=base.chains, backup=base.backup, queue=base.queue, now=runtime.now
    )


def build_operators(runtime: Runtime) -> OperateChains:
    """Wire the operators' requests. Raises SettingsError."""
    base = _build_base(runtime)
    return OperateChains(
        routes=base.settings.routes, chains=base.chains, backup=base.backup, queue=base.queue, now=runtime.now
    )


def _build_base(runtime: Runtime) -> _Base:
    settings = read_settings(runtime.environ)
    sqs = runtime.session.client("sqs", config=CONFIG)
    breaker = Breaker(runtime.now)
    sites = Sites(runtime.session, _roles(settings), runtime.now, breaker)
    return _Base(
        settings=settings,
        chains=runtime.chains or DynamoDbChains(runtime.session.client("dynamodb", config=CONFIG), settings.table),
        sqs=sqs,
        queue=SqsWork(sqs, settings.work_queue_url),
        breaker=breaker,
        sites=sites,
        backup=AwsBackup(sites.backup_client),
    )


def _build_announcers(runtime: Runtime, base: _Base) -> Announcers:
    sns = base.breaker.watched(runtime.session.client("sns", config=CONFIG), "sns")
    events = base.breaker.watched(runtime.session.client("events", config=CONFIG), "events")
    return Announcers(topic=SnsAnnouncer(sns, base.settings.topic_arn), bus=EventBridgeAnnouncer(events))


def _roles(settings: Settings) -> dict[str, AssumedRole]:
    """By which role to act in which account; an account without one is the stack's own."""
    if not settings.operator_role_arn:
        return {}
    role = AssumedRole(role_arn=settings.operator_role_arn, external_id=settings.external_id)
    return {site.account: role for route in settings.routes for site in route.sites()}


def regional_core() -> Session:
    """Botocore's session, which asks AWS STS in its own Region, also where an older boto3 has another default.

    Tokens of the global endpoint are not valid in Regions that have to be opted in to
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_region-endpoints.html).
    """
    core = get_session()
    core.set_config_variable("sts_regional_endpoints", "regional")
    return core


def on_lambda(build: Callable[[Runtime], Handler]) -> Handler:
    """A Lambda entry point that builds its handler on the first invocation; the only cache, and nothing at import."""
    built: list[Handler] = []

    def lambda_handler(event: dict[str, Any], context: Any) -> Any:
        if not built:
            session: Any = boto3.Session(botocore_session=regional_core())
            built.append(build(Runtime(environ=os.environ, session=session, now=lambda: datetime.now(UTC))))
        return built[0](event, context)

    return lambda_handler
