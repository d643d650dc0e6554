"""What every function is built from. Only this package knows all others.

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

from secondhop.adapters.aws_backup import AwsBackup
from secondhop.adapters.breaker import Breaker
from secondhop.adapters.dynamodb_chains import DynamoDbChains
from secondhop.adapters.environment import Settings, read_settings
from secondhop.adapters.lazy_client import LazyClient
from secondhop.adapters.sites import CONFIG, AssumedRole, ClientFactory, Sites
from secondhop.adapters.sqs_work import SqsWork
from secondhop.application.ports import ChainStore

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
class Base:
    """What every function needs: settings, the store, the queue, and AWS Backup in each site."""

    settings: Settings
    chains: ChainStore
    sqs: Any
    queue: SqsWork
    breaker: Breaker
    sites: Sites
    backup: AwsBackup


def build_base(runtime: Runtime) -> Base:
    """Read the settings and wire what every function needs. Raises SettingsError, which lists every problem of them."""
    settings = read_settings(runtime.environ)
    sqs = own_client(runtime, "sqs")
    breaker = Breaker(runtime.now)
    sites = Sites(runtime.session, _roles(settings), runtime.now, breaker)
    return Base(
        settings=settings,
        chains=runtime.chains or DynamoDbChains(own_client(runtime, "dynamodb"), settings.table),
        sqs=sqs,
        queue=SqsWork(sqs, settings.work_queue_url),
        breaker=breaker,
        sites=sites,
        backup=AwsBackup(sites.backup_client),
    )


def own_client(runtime: Runtime, service: str) -> LazyClient:
    """A client of the stack's own account and Region, made when it is first used."""
    return LazyClient(lambda: runtime.session.client(service, config=CONFIG))


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
