"""Reads the events that the queues of the three places received. An event that is missing proves nothing by itself.

So each answer "no" needs an event of the same kind that did arrive where it must.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from secondhop.domain.arn import Site
from secondhop_cli.first_night.night import Made, Night
from secondhop_cli.first_night.things import queue_url

# AWS emits every five minutes, as well as it can (devguide/eventbridge).
LATEST = timedelta(minutes=20)
EMPTY_ANSWERS = 3
COPY_JOB = "Copy Job State Change"
Event = dict[str, Any]


def read_events(night: Night) -> None:
    """Answer both questions about events for the first and the second copy."""
    since = night.pace.now()
    ready = night.pace.within(lambda: night.pace.now() - since >= LATEST or None, "late events", longest=2 * LATEST)
    assert ready
    heard = {site: _received(night, site) for site in night.settings.sites}
    settings = night.settings
    jobs: dict[str, bool] = {}
    arrivals: dict[str, bool] = {}
    for word, made, home, away in (
        ("first", night.first, settings.origin, settings.near),
        ("second", night.second, settings.near, settings.far),
    ):
        if made is not None and any(_is_about_job(each, made) for each in heard[home]):
            jobs[word] = any(_is_about_job(each, made) for each in heard[away])
            arrivals[word] = any(_is_arrival(each, made) for each in heard[away])
    _decide(night, "destination_sees_copy_events", jobs)
    _decide(night, "arrival_event", arrivals)


def _decide(night: Night, name: str, seen: dict[str, bool]) -> None:
    night.answers.record(name, seen=seen)
    if not seen:
        night.answers.leave_open(name, "no event about the copies came at all, not even at their source")
    elif len(set(seen.values())) > 1:
        night.answers.leave_open(name, f"the copies differ: {seen}")
    else:
        night.answers.settle(name, setting=next(iter(seen.values())))


def _is_about_job(event: Event, made: Made) -> bool:
    job_id = str(event["detail"].get("copyJobId", ""))
    return event["detail-type"] == COPY_JOB and job_id.upper() == made.job_id.upper()


def _is_arrival(event: Event, made: Made) -> bool:
    return event["detail-type"].startswith("Recovery Point") and made.point_arn in event["resources"]


def _received(night: Night, site: Site) -> list[Event]:
    """All events of a queue. SQS can answer empty before it is, so several empty answers in a row are needed."""
    sqs, url = night.aws(site, "sqs"), queue_url(night, site)
    found: list[Event] = []
    empty = 0
    while empty < EMPTY_ANSWERS:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=5).get("Messages", [])
        empty = 0 if messages else empty + 1
        for message in messages:
            found.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    night.pace.say(f"{len(found)} events were received in {site}")
    return found
