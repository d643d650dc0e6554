"""Builders for tests of whole decisions: chains in flight, messages, pending effects, and a good copy."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from secondhop.domain import observation as seen
from secondhop.domain.advance import Decision, advance
from secondhop.domain.chain import Chain
from secondhop.domain.command import Announce, EffectCommand
from secondhop.domain.hop import HopState
from secondhop.domain.observation import Observation
from secondhop.domain.outbox import Pending
from secondhop.domain.route import Route
from tests.builders import COPY_ARN, DR_KEY, NOW, a_copy, a_route
from tests.hop_steps import a_chain_in


def take(chain: Chain, fact: Observation, *, route: Route | None = None) -> Decision:
    return advance(chain, fact, route=route or a_route(), now=NOW)


def flying(**changes: Any) -> Chain:
    """A chain whose copy is under way, without any trouble."""
    return a_chain_in(HopState.COPYING, **{"trouble": None, **changes})


def an_announcement(incident: str = "one", **changes: Any) -> Announce:
    message = Announce(subject="to-dr", incident=incident, is_closed=False, title="A title", lines=("A line.",))
    return replace(message, **changes)


def pending(*commands: EffectCommand, until: timedelta = timedelta(0)) -> tuple[Pending, ...]:
    return tuple(Pending(command=each, until=NOW + until) for each in commands)


def good(arrival: str = COPY_ARN, **changes: Any) -> seen.ArrivalInspected:
    fact = seen.ArrivalInspected(
        hop="to-dr", arrival=arrival, point=a_copy(), vault_key_arn=DR_KEY, key_state="Enabled"
    )
    return replace(fact, **changes)
