"""AWS's quotas that a larger installation meets, each with its source, and how many databases meet it.

Values are defaults, as AWS's pages gave them in September 2026. What no page says is unknown.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from bench.capacity import (
    CLUSTER_SLOTS,
    COPY_MINUTES,
    DATABASES_OF_AN_ACCOUNT,
    PEAK_SECONDS,
    RDS_SLOTS,
    RETENTION_DAYS,
    copies_a_day,
    dearest_night,
)

Results = Mapping[str, Any]

# MaximumConcurrency, BatchSize and Timeout of template.yaml, and the most accounts and main stacks that it admits.
INSTANCES, BATCH, TIMEOUT_SECONDS = 4, 10, 60
HUB_ACCOUNTS, SHARES = 50, 5
DAY_SECONDS = 86_400
DOCS = "https://docs.aws.amazon.com"
RDS_COPIES = f"{DOCS}/AmazonRDS/latest/UserGuide/USER_CopySnapshot.html"
CLUSTER_COPIES = f"{DOCS}/AmazonRDS/latest/AuroraUserGuide/aurora-copy-snapshot.html"
BACKUP = f"{DOCS}/aws-backup/latest/devguide/aws-backup-limits.html"
EVENTS = f"{DOCS}/eventbridge/latest/userguide/eb-quota.html"
LAMBDA = f"{DOCS}/lambda/latest/dg/gettingstarted-limits.html"
PARAMETERS = f"{DOCS}/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"
PARTITIONS = f"{DOCS}/amazondynamodb/latest/developerguide/warm-throughput-scenarios.html"
NEW_TABLES = "https://repost.aws/knowledge-center/on-demand-table-throttling-dynamodb"
TABLES = f"{DOCS}/amazondynamodb/latest/developerguide/ServiceQuotas.html"
KMS = f"{DOCS}/kms/latest/developerguide/requests-per-second.html"
QUEUES = f"{DOCS}/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html"

WAITS = "nothing: the actor retries, and DynamoDB adapts within half an hour"


class Quota(NamedTuple):
    """One limit. `databases` have one backup a day and meet it; None if that number is unknown."""

    databases: float | None
    what: str
    value: str
    source: str | None
    can_be_raised: str
    action: str


def quotas(results: Results) -> list[Quota]:
    """Every limit, the one that is met first on top, unknown ones at the end."""
    found = [*_of_copies(results), *_of_accounts(results), *_of_vaults(), *_of_rates(results), *_others()]
    return sorted(found, key=lambda each: (each.databases is None, each.databases or 0))


def _of_copies(results: Results) -> Iterator[Quota]:
    more = "another DR account or DR Region, with an installation of its own"
    for slots, kind, source in (
        (CLUSTER_SLOTS, "copies of one cluster type in progress", CLUSTER_COPIES),
        (RDS_SLOTS, "RDS copies in progress", RDS_COPIES),
    ):
        databases = copies_a_day(results, slots, COPY_MINUTES)
        yield Quota(databases, kind, f"{slots} for each DR account and Region", source, "unknown", more)


def _of_accounts(results: Results) -> Iterator[Quota]:
    more_hubs = f"more hubs, at most {SHARES} for each DR account and Region"
    yield Quota(
        HUB_ACCOUNTS * DATABASES_OF_AN_ACCOUNT,
        "accounts of one hub",
        f"{HUB_ACCOUNTS}, a limit of the template",
        None,
        "no",
        more_hubs,
    )
    yield Quota(
        SHARES * HUB_ACCOUNTS * DATABASES_OF_AN_ACCOUNT,
        "main stacks that share one quota of copies",
        f"{SHARES}, a limit of `init`: each needs a slot of each type",
        None,
        "no",
        "another DR account or DR Region",
    )
    grown = results["large_hub"]["sizes"]
    for name, what, limit, source, can_be_raised in (
        ("event_pattern", "characters of an event pattern", 2_048, EVENTS, "yes"),
        ("environment", "bytes of a function's environment", 4_096, LAMBDA, "no"),
        ("parameter", "bytes of a stack's parameter", 4_096, PARAMETERS, "no"),
    ):
        accounts = int((limit - grown[name]["without_accounts"]) // grown[name]["each_account"])
        value = f"{limit:,}, or {accounts} accounts"
        yield Quota(accounts * DATABASES_OF_AN_ACCOUNT, what, value, source, can_be_raised, more_hubs)


def _of_vaults() -> Iterator[Quota]:
    yield Quota(
        1_000_000 // RETENTION_DAYS,
        "recovery points of a vault",
        f"1,000,000, with {RETENTION_DAYS} days each",
        BACKUP,
        "yes",
        "a shorter retention, or another DR vault with an installation of its own",
    )


def _of_rates(results: Results) -> Iterator[Quota]:
    night, burst = dearest_night(results), results["burst-1000"]["actor_itemised"]
    actor, itemised = night["actor"], night["actor_itemised"]
    events = sum(count for name, count in itemised.items() if "State Change" in name)
    messages = INSTANCES * BATCH * DAY_SECONDS / TIMEOUT_SECONDS
    yield Quota(
        messages / actor["messages"],
        "messages of the actor, if each batch takes its whole minute",
        f"{INSTANCES} instances of {BATCH} messages (`MaximumConcurrency`)",
        None,
        "yes, to 100 instances",
        "raise `MaximumConcurrency`; what a batch takes on AWS is unknown",
    )
    split = "more installations, each with its own table"
    writes = actor["write_units"]
    for limit, needed, what, source, can_be_raised, action in (
        (
            1_000,
            burst["write units of checks"],
            "write units of the index `checks`",
            PARTITIONS,
            "no",
            split,
        ),
        (4_000, writes, "write units of a new on-demand table", NEW_TABLES, "warm the table", WAITS),
        (40_000, writes, "write units of a table", TABLES, "yes", split),
        (750, events, "events to targets, in the smallest Regions", EVENTS, "yes", "nothing: EventBridge delays them"),
        (2_000, itemised["kms:DescribeKey"], "DescribeKey of KMS", KMS, "yes", "raise it"),
    ):
        value = f"{limit:,} a second, {needed:g} for each chain"
        yield Quota(limit / needed * PEAK_SECONDS, what, value, source, can_be_raised, action)


def _others() -> Iterator[Quota]:
    yield Quota(None, "calls of AWS Backup a second", "not published", BACKUP, "unknown", "plan with the calls below")
    yield Quota(
        None, "bytes of a vault's access policy", "not published", BACKUP, "unknown", "15 bytes for each account"
    )
    held, used = INSTANCES * BATCH, INSTANCES + 2
    yield Quota(math.inf, "messages in flight of a queue", "120,000", QUEUES, "yes", f"nothing: the actor holds {held}")
    lambdas = "1,000, fewer in new accounts"
    yield Quota(math.inf, "Lambda instances of an account", lambdas, LAMBDA, "yes", f"nothing: {used} are used")
