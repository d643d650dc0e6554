"""The rules of facts about a chain as a whole, and of a chain that an operator abandoned. Pure; `table` binds them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from secondhop.domain import abandoned
from secondhop.domain.announced import Announced, AnnouncementPutOff
from secondhop.domain.chain import Chain
from secondhop.domain.command import Command
from secondhop.domain.observation import AbandonAsked, ArrivalInspected, CopiedBack, Noticed, Postponed


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainStep:
    """A chain after a fact, what to do next, and why in words. `outcome` and `rules` are as in `HopStep`."""

    chain: Chain
    reason: str
    commands: tuple[Command, ...] = ()
    outcome: str | None = None
    rules: tuple[str, ...] = ()


def note_announcement(chain: Chain, fact: Announced, _now: datetime) -> ChainStep:
    """An announcement was sent, or is not needed any more."""
    known = chain.with_outbox(chain.outbox.without_announcement(fact))
    return ChainStep(chain=known, reason=f"incident {fact.incident} was announced")


def put_off_announcement(chain: Chain, fact: AnnouncementPutOff, _now: datetime) -> ChainStep:
    """An announcement waits for its group."""
    known = chain.with_outbox(chain.outbox.with_announcement_put_off(fact))
    return ChainStep(chain=known, reason=f"incident {fact.incident} waits for its group's next message")


def leave_to_owner(chain: Chain, fact: CopiedBack, now: datetime) -> ChainStep:
    """Someone copied the source back into the watched vault, so nothing is done with it."""
    known = abandoned.give_up(chain, fact.owner, now)
    return ChainStep(chain=known, reason=f"it was copied back by {fact.owner}, to whom it belongs")


def abandon_for_operator(chain: Chain, fact: AbandonAsked, now: datetime) -> ChainStep:
    """An operator takes responsibility for the chain."""
    return ChainStep(chain=abandoned.give_up(chain, fact.by, now), reason=f"abandoned by {fact.by}")


def wait_until_possible(chain: Chain, fact: Postponed, _now: datetime) -> ChainStep:
    """Something could not be asked or done now, so nothing changes."""
    return ChainStep(chain=chain, reason=fact.why, outcome=fact.outcome)


def look_at_abandoned(chain: Chain, _fact: Noticed, now: datetime) -> ChainStep:
    """Time has passed: ask whether the points that the chain claimed still exist, so that it can be forgotten."""
    return replace(watch_abandoned(chain), commands=abandoned.questions(chain, now))


def note_abandoned_copy(chain: Chain, fact: ArrivalInspected, now: datetime) -> ChainStep:
    """A copy of an abandoned chain was described."""
    return watch_abandoned(abandoned.learn(chain, fact, now))


def watch_abandoned(chain: Chain) -> ChainStep:
    """Nothing is done for an abandoned chain."""
    return ChainStep(chain=chain, reason=f"abandoned by {chain.abandoned_by}; nothing is done")
