"""Builds the use cases of the actor's function, and imports nothing that only other functions need."""

from __future__ import annotations

from dataclasses import dataclass

from secondhop.adapters.announcers import Announcers
from secondhop.adapters.aws_keys import AwsKeys
from secondhop.adapters.breaker import Breaker
from secondhop.adapters.eventbridge_announcer import EventBridgeAnnouncer
from secondhop.adapters.sns_announcer import SnsAnnouncer
from secondhop.adapters.sqs_work import DeadLetters, SqsWork
from secondhop.application.advance_chain import AdvanceChain
from secondhop.application.others import other_copies
from secondhop.application.perform import Performer
from secondhop.application.recent import beginning, pauses
from secondhop.application.waking import Wakes
from secondhop.bootstrap.base import Base, Runtime, build_base, own_client


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorUseCases:
    """What the actor's function needs: the use case, the wakes that it collects, its queue, and the dead letters."""

    advance: AdvanceChain
    wakes: Wakes
    queue: SqsWork
    dead_letters: DeadLetters
    breaker: Breaker


def build_actor(runtime: Runtime) -> ActorUseCases:
    """Wire the actor. Raises SettingsError, which lists every problem of the settings."""
    base = build_base(runtime)
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


def _build_announcers(runtime: Runtime, base: Base) -> Announcers:
    sns = base.breaker.watched(own_client(runtime, "sns"), "sns")
    events = base.breaker.watched(own_client(runtime, "events"), "events")
    return Announcers(topic=SnsAnnouncer(sns, base.settings.topic_arn), bus=EventBridgeAnnouncer(events))
