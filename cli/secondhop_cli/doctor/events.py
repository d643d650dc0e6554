"""Checks event rules and their targets, the event bus, the queues, and the sweep."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta

from secondhop.domain.arn import Site
from secondhop_cli.doctor.companion_stacks import Companion, companions
from secondhop_cli.doctor.context import NOT_FOUND, CheckContext, for_each
from secondhop_cli.doctor.findings import Finding, NotChecked, Outcome
from secondhop_cli.doctor.policies import PolicyResult, Principal, Request, evaluate

MAIN_RULES = ("FirstHopJobs", "SecondHopJobs", "WatchedVaultPoints")
FORWARDING = ("ForwardSecondHopJobs", "ForwardWatchedVaultPoints")
WAITING = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
# States of an event source mapping; the others are Disabled, Disabling and Deleting.
READING = ("Enabled", "Enabling", "Creating", "Updating")
SWEEP_WITHIN = timedelta(hours=1)


def rules_deliver(context: CheckContext) -> Iterator[Outcome]:
    """Check that the main stack's rules are enabled, and send to its work queue."""
    main_stack = context.main_stack
    queue = _attributes(context, main_stack.site, main_stack.outputs.get("WorkQueueUrl", ""))

    def check(logical_id: str) -> Iterator[Outcome]:
        yield from _rule(context, main_stack.site, main_stack.resources, logical_id, queue.get("QueueArn", ""))

    yield from for_each((each for each in MAIN_RULES if each in main_stack.resources), check)


def events_are_forwarded(context: CheckContext) -> Iterator[Outcome]:
    """Workload topology: check the rules of the backup account, and that this account's bus accepts their events."""
    main_stack = context.main_stack
    if main_stack.is_hub:
        return
    bus = f"arn:{main_stack.partition}:events:{main_stack.site.region}:{main_stack.site.account}:event-bus/default"

    def check(companion: Companion) -> Iterator[Outcome]:
        for logical_id in FORWARDING:
            yield from _rule(context, companion.site, companion.resources, logical_id, bus)

    # The stack of another installation forwards the events of its own vault to its own workload account.
    forwarders = [
        each
        for each in companions(context, main_stack.home)
        if FORWARDING[0] in each.resources and each.outputs.get("WatchedVaultArn") == main_stack.watched_vault_arn
    ]
    yield from for_each(forwarders, check)
    yield from _bus(context, bus)


def _rule(
    context: CheckContext, site: Site, resources: Mapping[str, str], logical_id: str, target: str
) -> Iterator[Outcome]:
    # The physical id of a rule on a custom bus is bus|rule.
    name = resources.get(logical_id, logical_id).rpartition("|")[2]
    rule = context.api.call(site, "events", "describe_rule", missing=NOT_FOUND, Name=name)
    if rule is None or rule["State"] == "DISABLED":
        yield Finding(
            kind="rule-disabled",
            site=site,
            resource=name,
            what=f"The rule {name} {'is disabled' if rule else 'does not exist'}.",
            fix="Enable it. If it does not exist, deploy its stack again.",
            command=f"aws events enable-rule --region {site.region} --name {name}",
        )
        return
    targets = context.api.list_all(site, "events", "list_targets_by_rule", "Targets", Rule=name)
    if target not in [each["Arn"] for each in targets]:
        yield Finding(
            kind="rule-disabled",
            site=site,
            resource=name,
            what=f"The rule {name} does not send to {target}.",
            fix="Deploy its stack again. This restores the rule's target.",
        )


def _bus(context: CheckContext, bus: str) -> Iterator[Outcome]:
    main_stack = context.main_stack
    described = context.api.call(main_stack.site, "events", "describe_event_bus", Name="default")
    policy = json.loads(described.get("Policy") or '{"Statement": []}')
    account = main_stack.backup_account
    condition_keys = {"events:source": "aws.backup", "aws:PrincipalAccount": account}
    request = Request(action="events:PutEvents", resource=bus, condition_keys=condition_keys)
    found = evaluate(policy, Principal(account=account), request)
    if found.result is PolicyResult.UNCLEAR:
        reason = f"its statement {found.statement} has a condition that the doctor cannot evaluate"
        yield NotChecked(what=f"whether {bus} accepts the backup account's events", reason=reason)
    elif found.result is not PolicyResult.ALLOWED:
        yield Finding(
            kind="events-denied",
            site=main_stack.site,
            resource=bus,
            what=f"The event bus does not let account {account} put events of aws.backup.",
            fix="Deploy the main stack again, or add this statement to the bus's policy (aws events put-permission).",
            statements=(
                {
                    "Sid": "SecondHopEvents",
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:{main_stack.partition}:iam::{account}:root"},
                    "Action": "events:PutEvents",
                    "Resource": bus,
                    "Condition": {"ForAllValues:StringEquals": {"events:source": "aws.backup"}},
                },
            ),
        )


def work_queue_is_read(context: CheckContext) -> Iterator[Outcome]:
    """Check that Lambda reads the work queue."""
    main_stack = context.main_stack
    site = main_stack.site
    queue = _attributes(context, site, main_stack.outputs.get("WorkQueueUrl", ""))["QueueArn"]
    mappings = context.api.list_all(
        site, "lambda", "list_event_source_mappings", "EventSourceMappings", EventSourceArn=queue
    )
    if not any(each["State"] in READING for each in mappings):
        found = ", ".join(f"{each.get('UUID', 'a mapping')} is {each['State']}" for each in mappings) or "there is none"
        yield Finding(
            kind="work-queue-not-read",
            site=site,
            resource=queue,
            what=f"No event source mapping of Lambda reads the work queue: {found}.",
            fix="Enable it (aws lambda update-event-source-mapping --enabled --uuid UUID). If it does not exist, "
            "deploy the main stack again.",
        )


def queues_are_empty(context: CheckContext) -> Iterator[Outcome]:
    """Check that the queues for failed work and undelivered events are empty."""
    main_stack = context.main_stack
    main = [main_stack.outputs.get(name, "") for name in ("DeadLetterQueueUrl", "FailedInvocationsQueueUrl")]
    yield from _queue(
        context, main_stack.site, main[0], fix="Fix what the messages name, and then put them back.", redrives=True
    )
    yield from _queue(context, main_stack.site, main[1], fix="Read the messages, fix what failed, and delete them.")
    for companion in companions(context, main_stack.home):
        url = companion.outputs.get("UndeliveredEventsQueueUrl", "")
        yield from _queue(
            context,
            companion.site,
            url,
            fix="Read ERROR_CODE and ERROR_MESSAGE of the messages, fix it, and purge the queue.",
        )


def _queue(context: CheckContext, site: Site, url: str, *, fix: str, redrives: bool = False) -> Iterator[Outcome]:
    if not url:
        return
    attributes = _attributes(context, site, url)
    count = sum(int(attributes.get(name, 0)) for name in WAITING)
    if count:
        stack = context.main_stack
        yield Finding(
            kind="messages-in-queue",
            site=site,
            resource=url,
            what=f"{count} {'message is' if count == 1 else 'messages are'} in {url.rpartition('/')[2]}.",
            fix=fix,
            command=f"secondhop redrive --stack {stack.name} --region {stack.site.region}" if redrives else "",
        )


def _attributes(context: CheckContext, site: Site, url: str) -> Mapping[str, str]:
    names = ["QueueArn", *WAITING]
    found: Mapping[str, str] = context.api.call(
        site, "sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=names
    )["Attributes"]
    return found


def sweep_runs(context: CheckContext) -> Iterator[Outcome]:
    """Check that the sweep's schedule is enabled, and that a sweep completed within the last hour."""
    main_stack = context.main_stack
    site = main_stack.site
    name = main_stack.resources.get("SweepSchedule", "SweepSchedule").rpartition("|")[2]
    schedule = context.api.call(site, "scheduler", "get_schedule", missing=NOT_FOUND, Name=name)
    if schedule is None or schedule["State"] != "ENABLED":
        yield Finding(
            kind="sweep-disabled",
            site=site,
            resource=name,
            what=f"The schedule {name} of the sweep {'is disabled' if schedule else 'does not exist'}.",
            fix="Enable it in EventBridge Scheduler. If it does not exist, deploy the main stack again.",
        )
        return
    measured = context.api.call(
        site,
        "cloudwatch",
        "get_metric_statistics",
        Namespace="SecondHop",
        MetricName="SweepCompleted",
        Dimensions=[{"Name": "service", "Value": main_stack.name}],
        StartTime=context.now - SWEEP_WITHIN,
        EndTime=context.now + timedelta(minutes=1),
        Period=3600,
        Statistics=["Sum"],
    )
    if not sum(each["Sum"] for each in measured["Datapoints"]):
        function = main_stack.outputs.get("SweepChainsFunction", "")
        yield Finding(
            kind="sweep-not-completed",
            site=site,
            resource=function,
            what="No sweep completed within the last hour.",
            fix="After the first deployment, wait for 15 minutes. Otherwise run a sweep, and read the function's log.",
            command=f"echo '{{}}' | aws lambda invoke --region {site.region} --function-name {function} --payload "
            "fileb:///dev/stdin answer.json",
        )
