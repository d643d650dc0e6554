"""Where everything is put together, and the only file that knows everybody.

All that enters from outside goes through one frozen value, the Runtime, so that the same handlers run on Lambda and
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
from secondhop.application.perform import Performer
from secondhop.application.ports import ChainStore
from secondhop.application.sweep_chains import SweepChains

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
class Installation:
    """The use cases of one installation, wired."""

    settings: Settings
    advance: AdvanceChain
    sweep: SweepChains
    operate: OperateChains
    queue: SqsWork
    dead_letters: DeadLetters
    breaker: Breaker


def install(runtime: Runtime) -> Installation:
    """Wire the use cases. Raises SettingsError, which lists every problem of the settings."""
    settings = read_settings(runtime.environ)
    sqs = runtime.session.client("sqs", config=CONFIG)
    queue = SqsWork(sqs, settings.work_queue_url)
    chains = runtime.chains or DynamoDbChains(runtime.session.client("dynamodb", config=CONFIG), settings.table)
    breaker = Breaker(runtime.now)
    sites = Sites(runtime.session, _roles(settings), runtime.now, breaker)
    backup, keys = AwsBackup(sites.backup_client), AwsKeys(sites.key_client)
    announcer = Announcers(
        topic=SnsAnnouncer(breaker.watched(runtime.session.client("sns", config=CONFIG), "sns"), settings.topic_arn),
        bus=EventBridgeAnnouncer(breaker.watched(runtime.session.client("events", config=CONFIG), "events")),
    )
    performer = Performer(chains=chains, backup=backup, keys=keys, queue=queue, announcer=announcer, now=runtime.now)
    routes, now = settings.routes, runtime.now
    return Installation(
        settings=settings,
        advance=AdvanceChain(
            routes=routes,
            chains=chains,
            backup=backup,
            performer=performer,
            now=now,
            observe_only=settings.observe_only,
        ),
        sweep=SweepChains(routes=routes, chains=chains, backup=backup, queue=queue, now=now),
        operate=OperateChains(routes=routes, chains=chains, backup=backup, queue=queue, now=now),
        queue=queue,
        dead_letters=DeadLetters(sqs, settings.dead_letter_queue_url),
        breaker=breaker,
    )


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
