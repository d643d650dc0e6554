"""Run one chain until it comes to rest: decide, persist the decision whole, act, and decide on what was learned."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from secondhop.application.perform import Performer
from secondhop.application.ports import ChainStore, ClaimTakenError, SlotTakenError
from secondhop.application.report import Step
from secondhop.application.survey import circuit_of, no_slot
from secondhop.domain import observation as seen
from secondhop.domain.advance import Decision, advance
from secondhop.domain.arn import Site
from secondhop.domain.chain import Chain
from secondhop.domain.command import ReleaseIntermediate, StartCopy
from secondhop.domain.errors import ConflictError
from secondhop.domain.observation import Observation
from secondhop.domain.route import Route
from secondhop.domain.rules.site_outage import waits_for_its_site

# Races are between at most a few deliveries of the same chain; each loser reads and decides again.
CONFLICT_TRIES = 5
# The longest honest run is about twenty facts (open, survey, start, verify, release); more is a bug in the rules.
FACTS_LIMIT = 60


@dataclass(kw_only=True)
class ChainRun:
    """One invocation's work on one chain. `stored` is the chain as last read or saved, None before the first save."""

    route: Route
    stored: Chain | None
    chain: Chain
    chains: ChainStore
    performer: Performer
    now: Callable[[], datetime]
    observe_only: bool
    steps: list[Step] = field(default_factory=list)

    def __call__(self, first: Observation) -> tuple[Step, ...]:
        """Take facts until none is left. Raises ConflictError when others keep writing the chain."""
        facts = deque([first])
        while facts:
            if len(self.steps) >= FACTS_LIMIT:
                raise RuntimeError(f"chain {self.chain.key} does not come to rest: {self.steps[-1].reason}")
            facts.extend(self._take(facts.popleft()))
        return tuple(self.steps)

    def _take(self, fact: Observation) -> list[Observation]:
        """Decide on a fact and act; what was learned by that is the answer."""
        sites_down = self._sites_down(fact)
        for _ in range(CONFLICT_TRIES):
            decision = advance(self.chain, fact, route=self.route, now=self.now(), sites_down=sites_down)
            if self.observe_only and any(
                isinstance(each, (StartCopy, ReleaseIntermediate)) for each in decision.effects
            ):
                return self._only_observe(decision)
            try:
                return self._carry_out(decision)
            except SlotTakenError as taken:
                return [no_slot(self.chains, self.chain, taken.hop, taken.refusal)]
            except ClaimTakenError as taken:
                owner = str(taken.owner) if taken.owner is not None else ""
                return [seen.ClaimRefused(hop=taken.hop, owner=owner, point=taken.point)]
            except ConflictError:
                self._read_again()
        raise ConflictError(f"chain {self.chain.key} was written {CONFLICT_TRIES} times by others; it is tried again")

    def _sites_down(self, fact: Observation) -> frozenset[Site]:
        """The site of the fact's hop, if its circuit is open. It is read only if the fact depends on it."""
        if not isinstance(fact, (seen.CopySeen, seen.CopyStarted, seen.SlotRefused)):
            return frozenset()
        hop = next((hop for hop in self.chain.hops if hop.name == fact.hop), None)
        has_failed = isinstance(fact, seen.CopySeen) and fact.job.state == "FAILED"
        if hop is None or not (has_failed or waits_for_its_site(hop)):
            return frozenset()
        circuit = circuit_of(self.chains, hop.destination.site)
        return frozenset({hop.destination.site}) if circuit is not None and circuit.is_open else frozenset()

    def _carry_out(self, decision: Decision) -> list[Observation]:
        before = str(self.stored.state) if self.stored is not None else None
        if self.stored is None or decision.chain != self.stored:
            limit = self.route.limit(decision.chain.resource_type)
            self.stored = self.chains.save(decision.chain, before=self.stored, limit=limit)
        self.chain = self.stored
        names = tuple(type(command).__name__ for command in decision.commands)
        after = str(decision.chain.state)
        self.steps.append(Step(before=before, after=after, commands=names, decision=decision))
        learned: list[Observation] = []
        for command in decision.commands:
            learned.extend(self.performer.perform(self.chain, command, self.route))
        return learned

    def _only_observe(self, decision: Decision) -> list[Observation]:
        """Say what would be done, and look again later."""
        state = str(self.chain.state)
        names = tuple(f"would {type(command).__name__}" for command in decision.commands)
        self.steps.append(Step(before=state, after=state, commands=names, decision=decision))
        return [seen.Postponed(why="this installation only observes")]

    def _read_again(self) -> None:
        """Read what others wrote. A chain that vanished from the table is opened again, as it was."""
        self.stored = self.chains.get(self.chain.key)
        if self.stored is not None:
            self.chain = self.stored
