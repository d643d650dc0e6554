"""What makes Second Hop move: rules and their targets, the bus between the accounts, queues, and the sweep."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta

from secondhop.domain.arn import Site
from secondhop_cli.doctor.companions import Companion, companions
from secondhop_cli.doctor.findings import Finding, NotChecked, Outcome
from secondhop_cli.doctor.policies import Asker, Deed, Verdict, judge
from secondhop_cli.doctor.visit import NOT_THERE, Visit, over

MAIN_RULES = ("FirstHopJobs", "SecondHopJobs", "WatchedVaultPoints")
FORWARDING = ("ForwardSecondHopJobs", "ForwardWatchedVaultPoints")
WAITING = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
# States of an event source mapping; the others are Disabled, Disabling and Deleting.
READING = ("Enabled", "Enabling", "Creating", "Updating")
ALIVE_WITHIN = timedelta(hours=1)


def rules_deliver(visit: Visit) -> Iterator[Outcome]:
    """The main stack's rules are enabled, and send to its work queue."""
    installation = visit.installation
    queue = _attributes(visit, installation.main, installation.outputs.get("WorkQueueUrl", ""))

    def look(logical_id: str) -> Iterator[Outcome]:
        yield from _rule(visit, installation.main, installation.resources, logical_id, queue.get("QueueArn", ""))

    yield from over((each for each in MAIN_RULES if each in installation.resources), look)


def events_are_forwarded(visit: Visit) -> Iterator[Outcome]:
    """Workload topology: the backup account's rules are enabled, and this account's bus takes what they send."""
    installation = visit.installation
    if installation.is_hub:
        return
    bus = (
        f"arn:{installation.partition}:events:{installation.main.region}:{installation.main.account}:event-bus/default"
    )

    def look(companion: Companion) -> Iterator[Outcome]:
        for logical_id in FORWARDING:
            yield from _rule(visit, companion.site, companion.resources, logical_id, bus)

    forwarders = [each for each in companions(visit, installation.home) if FORWARDING[0] in each.resources]
    yield from over(forwarders, look)
    yield from _bus(visit, bus)


def _rule(visit: Visit, site: Site, resources: Mapping[str, str], logical_id: str, target: str) -> Iterator[Outcome]:
    # The physical id of a rule on another bus than the default one is bus|rule.
    name = resources.get(logical_id, logical_id).rpartition("|")[2]
    rule = visit.sites.ask(site, "events", "describe_rule", missing=NOT_THERE, Name=name)
    if rule is None or rule["State"] == "DISABLED":
        yield Finding(
            kind="rule-off",
            site=site,
            resource=name,
            what=f"The rule {name} is {'disabled' if rule else 'not there'}.",
            mend="Enable it; if it is gone, deploy its stack again.",
            command=f"aws events enable-rule --region {site.region} --name {name}",
        )
        return
    targets = visit.sites.ask_all(site, "events", "list_targets_by_rule", "Targets", Rule=name)
    if target not in [each["Arn"] for each in targets]:
        yield Finding(
            kind="rule-off",
            site=site,
            resource=name,
            what=f"The rule {name} does not send to {target}.",
            mend="Deploy its stack again; it restores the rule's target.",
        )


def _bus(visit: Visit, bus: str) -> Iterator[Outcome]:
    installation = visit.installation
    described = visit.sites.ask(installation.main, "events", "describe_event_bus", Name="default")
    policy = json.loads(described.get("Policy") or '{"Statement": []}')
    account = installation.backup_account
    context = {"events:source": "aws.backup", "aws:PrincipalAccount": account}
    deed = Deed(action="events:PutEvents", resource=bus, context=context)
    found = judge(policy, Asker(account=account), deed)
    if found.verdict is Verdict.UNCLEAR:
        reason = f"its statement {found.statement} has a condition that cannot be judged from outside"
        yield NotChecked(what=f"whether {bus} takes the backup account's events", reason=reason)
    elif found.verdict is not Verdict.ALLOWED:
        yield Finding(
            kind="events-refused",
            site=installation.main,
            resource=bus,
            what=f"The event bus does not let account {account} put events of aws.backup.",
            mend="Deploy the main stack again; or add this statement to the bus's policy (aws events put-permission).",
            statements=(
                {
                    "Sid": "SecondHopEvents",
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:{installation.partition}:iam::{account}:root"},
                    "Action": "events:PutEvents",
                    "Resource": bus,
                    "Condition": {"ForAllValues:StringEquals": {"events:source": "aws.backup"}},
                },
            ),
        )


def work_is_taken_up(visit: Visit) -> Iterator[Outcome]:
    """Lambda invokes the actor with what is on the work queue."""
    installation = visit.installation
    site = installation.main
    queue = _attributes(visit, site, installation.outputs.get("WorkQueueUrl", ""))["QueueArn"]
    mappings = visit.sites.ask_all(
        site, "lambda", "list_event_source_mappings", "EventSourceMappings", EventSourceArn=queue
    )
    if not any(each["State"] in READING for each in mappings):
        found = ", ".join(f"{each.get('UUID', 'it')} is {each['State']}" for each in mappings) or "there is none"
        yield Finding(
            kind="work-not-taken-up",
            site=site,
            resource=queue,
            what=f"No event source mapping of Lambda reads the work queue: {found}.",
            mend="Enable it (aws lambda update-event-source-mapping --enabled --uuid); if it is gone, deploy the "
            "main stack again.",
        )


def queues_are_empty(visit: Visit) -> Iterator[Outcome]:
    """Nothing waits in a queue that only a person empties."""
    installation = visit.installation
    main = [installation.outputs.get(name, "") for name in ("DeadLetterQueueUrl", "FailedInvocationsQueueUrl")]
    yield from _queue(
        visit, installation.main, main[0], mend="Mend what the messages name, then put them back.", redrives=True
    )
    yield from _queue(visit, installation.main, main[1], mend="Read them, mend what failed, and delete them.")
    for companion in companions(visit, installation.home):
        url = companion.outputs.get("UndeliveredEventsQueueUrl", "")
        yield from _queue(
            visit, companion.site, url, mend="See why events could not be forwarded; the sweep makes up for them."
        )


def _queue(visit: Visit, site: Site, url: str, *, mend: str, redrives: bool = False) -> Iterator[Outcome]:
    if not url:
        return
    attributes = _attributes(visit, site, url)
    count = sum(int(attributes.get(name, 0)) for name in WAITING)
    if count:
        work = visit.installation.outputs.get("WorkQueueUrl", "")
        yield Finding(
            kind="messages-wait",
            site=site,
            resource=url,
            what=f"{count} {'message waits' if count == 1 else 'messages wait'} in {url.rpartition('/')[2]}.",
            mend=mend,
            command=f"secondhop redrive --dead-letter-queue-url {url} --work-queue-url {work}" if redrives else "",
        )


def _attributes(visit: Visit, site: Site, url: str) -> Mapping[str, str]:
    names = ["QueueArn", *WAITING]
    found: Mapping[str, str] = visit.sites.ask(site, "sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=names)[
        "Attributes"
    ]
    return found


def sweep_is_alive(visit: Visit) -> Iterator[Outcome]:
    """The sweep's schedule is enabled, and a sweep ended within the last hour."""
    installation = visit.installation
    site = installation.main
    name = installation.resources.get("SweepSchedule", "SweepSchedule").rpartition("|")[2]
    schedule = visit.sites.ask(site, "scheduler", "get_schedule", missing=NOT_THERE, Name=name)
    if schedule is None or schedule["State"] != "ENABLED":
        yield Finding(
            kind="sweep-off",
            site=site,
            resource=name,
            what=f"The schedule {name} of the sweep is {'disabled' if schedule else 'not there'}.",
            mend="Enable it in EventBridge Scheduler; if it is gone, deploy the main stack again.",
        )
        return
    measured = visit.sites.ask(
        site,
        "cloudwatch",
        "get_metric_statistics",
        Namespace="SecondHop",
        MetricName="SweepCompleted",
        Dimensions=[{"Name": "service", "Value": installation.stack}],
        StartTime=visit.now - ALIVE_WITHIN,
        EndTime=visit.now + timedelta(minutes=1),
        Period=3600,
        Statistics=["Sum"],
    )
    if not sum(each["Sum"] for each in measured["Datapoints"]):
        function = installation.outputs.get("SweepChainsFunction", "")
        yield Finding(
            kind="sweep-silent",
            site=site,
            resource=function,
            what="No sweep ended within the last hour.",
            mend="Right after the first deployment, wait for a quarter of an hour; else run one, and read the "
            "function's log.",
            command=f"aws lambda invoke --region {site.region} --function-name {function} --payload '{{}}' answer.json",
        )
