"""Run one chain until it comes to rest: decide, persist the decision whole, act, and decide on what was learned."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
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
from secondhop.domain.command import CheckBeforeStart, Command, Question, ReleaseIntermediate, StartCopy
from secondhop.domain.errors import ConflictError, SecondHopError
from secondhop.domain.hop import HopState
from secondhop.domain.ledger import changes
from secondhop.domain.observation import Observation
from secondhop.domain.route import Route
from secondhop.domain.rules.site_outage import waits_for_its_site

# Races are between at most a few deliveries of the same chain; each loser reads and decides again.
CONFLICT_TRIES = 5
# The longest honest run is about twenty facts (open, survey, start, verify, release); more is a bug in the rules.
FACTS_LIMIT = 60
# A round takes a fact, or saves what was remembered.
ROUNDS_LIMIT = 3 * FACTS_LIMIT


@dataclass(kw_only=True)
class ChainRun:
    """One invocation's work on one chain. `stored` is the chain as last read or saved, None before the first save.

    Decisions are saved before anything outside of the chain changes: an effect, a claim, a slot that is taken. Until
    then they are only remembered, so that several facts cost one write. If another worker was faster, what is not
    saved is decided again: nothing was done for it.
    """

    route: Route
    stored: Chain | None
    chain: Chain
    chains: ChainStore
    performer: Performer
    now: Callable[[], datetime]
    observe_only: bool
    steps: list[Step] = field(default_factory=list)
    _facts: deque[Observation] = field(default_factory=deque)
    _answers: deque[Observation] = field(default_factory=deque)
    _unsaved: list[Observation] = field(default_factory=list)
    _is_unsaved: bool = False
    _after_save: list[Command] = field(default_factory=list)
    _saved_steps: int = 0
    _lost_races: int = 0

    def __post_init__(self) -> None:
        self._base = self.chain

    def __call__(self, first: Observation) -> tuple[Step, ...]:
        """Take facts until none is left. Raises ConflictError when others keep writing the chain."""
        self._facts.append(first)
        try:
            self._take_all()
        except ConflictError:
            raise
        except SecondHopError:
            # What was decided is kept: a slot that came free must not wait for what cannot be read or done. A chain
            # that was opened, and about which nothing was decided, has no next check: no one would look at it again.
            if self._is_unsaved:
                self._finish()
            raise
        return tuple(self.steps)

    def _take_all(self) -> None:
        rounds = 0
        while self._facts or self._answers or self._is_unsaved:
            if len(self.steps) >= FACTS_LIMIT or rounds >= ROUNDS_LIMIT:
                raise RuntimeError(f"chain {self.chain.key} does not come to rest: {self._last_reason()}")
            self._go_on()
            rounds += 1

    def _last_reason(self) -> str:
        return self.steps[-1].reason if self.steps else "nothing was decided"

    def _go_on(self) -> None:
        """Take the next fact, or save what was only remembered.

        Answers to questions of decisions that are not saved are kept apart: if these decisions are made again, so are
        the questions.
        """
        if self._facts:
            self._facts.extend(self._take(self._facts.popleft(), is_answer=False))
        elif self._answers:
            self._facts.extend(self._take(self._answers.popleft(), is_answer=True))
        else:
            self._facts.extend(self._finish())

    def _take(self, fact: Observation, *, is_answer: bool) -> list[Observation]:
        """Decide on a fact and act; what was learned by effects is the answer."""
        decision = advance(self.chain, fact, route=self.route, now=self.now(), sites_down=self._sites_down(fact))
        if self.observe_only and any(isinstance(each, (StartCopy, ReleaseIntermediate)) for each in decision.effects):
            return self._only_observe(decision)
        if not (decision.effects or self._takes_something(decision.chain)):
            self.steps.append(self._step(decision))
            self._unsaved += [] if is_answer else [fact]
            self._is_unsaved = True
            self.chain = decision.chain
            self._after_save += [each for each in decision.commands if not isinstance(each, Question)]
            self._answers.extend(self._perform([each for each in decision.commands if isinstance(each, Question)]))
            return []
        if answers := self._check_before_start(decision):
            return answers
        step = self._step(decision)
        try:
            is_saved = self._save(decision.chain)
        except SlotTakenError as taken:
            if self.chain.hop(taken.hop).state is not HopState.WAITING:
                # A copy job runs already, for example that of a backup plan. The hop cannot wait for a slot.
                raise ConflictError(f"{taken.hop} has no slot for a copy that runs: {taken.refusal.why}") from taken
            return [no_slot(self.chains, self.chain, taken.hop, taken.refusal)]
        except ClaimTakenError as taken:
            owner = str(taken.owner) if taken.owner is not None else ""
            return [seen.ClaimRefused(hop=taken.hop, owner=owner, point=taken.point)]
        if not is_saved:
            return [*self._start_over(), *([] if is_answer else [fact])]
        self.steps.append(step)
        self._saved_steps = len(self.steps)
        return self._perform([*self._take_after_save(), *decision.commands])

    def _check_before_start(self, decision: Decision) -> list[Observation]:
        """Why a copy does not start now, although a slot may be free; nothing if it may start.

        Then the decision is made for nothing, as if the slot was refused. After a pause it is made again, with the
        settings of that time.
        """
        taken = {slot.hop for slot in changes(self.stored, decision.chain).taken}
        starts = [each.subject for each in decision.effects if isinstance(each, StartCopy) and each.subject in taken]
        return self._perform([CheckBeforeStart(subject=hop) for hop in starts])

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

    def _takes_something(self, chain: Chain) -> bool:
        """Whether a save of the chain would take a claim or a slot, so that others must know of it at once."""
        due = changes(self.stored, chain)
        return bool(due.claims or due.taken)

    def _step(self, decision: Decision) -> Step:
        is_new = self.stored is None and not self.steps
        names = tuple(type(command).__name__ for command in decision.commands)
        before, after = None if is_new else str(self.chain.state), str(decision.chain.state)
        return Step(before=before, after=after, commands=names, decision=decision)

    def _perform(self, commands: Sequence[Command]) -> list[Observation]:
        learned: list[Observation] = []
        for command in commands:
            learned.extend(self.performer.perform(self.chain, command, self.route))
        return learned

    def _finish(self) -> list[Observation]:
        """Save what was only remembered, and do what waits for that."""
        if not self._save(self.chain):
            return self._start_over()
        self._saved_steps = len(self.steps)
        return self._perform(self._take_after_save())

    def _save(self, chain: Chain) -> bool:
        """Write a chain, if that changes anything; False if another worker wrote it first.

        Raises SlotTakenError, ClaimTakenError, or ConflictError when that has happened too often.
        """
        try:
            if self.stored is None or chain != self.stored:
                limit = self.route.limit(chain.resource_type)
                self.stored = self.chains.save(chain, before=self.stored, limit=limit)
        except SlotTakenError:
            raise
        except ConflictError as lost:
            self._lost_races += 1
            if self._lost_races >= CONFLICT_TRIES:
                why = f"chain {chain.key} was written {CONFLICT_TRIES} times by others; it is tried again"
                raise ConflictError(why) from lost
            return False
        self.chain = self._base = self.stored
        self._is_unsaved = False
        self._unsaved.clear()
        self._facts.extend(self._answers)
        self._answers.clear()
        return True

    def _take_after_save(self) -> list[Command]:
        waiting, self._after_save = self._after_save, []
        return waiting

    def _start_over(self) -> list[Observation]:
        """Read what others wrote. What was not saved is decided again.

        A chain that vanished from the table is opened again, as it was.
        """
        again, self._unsaved, self._is_unsaved = self._unsaved, [], False
        self._answers.clear()
        self._after_save.clear()
        del self.steps[self._saved_steps :]
        self.chain = self._base
        self.stored = self.chains.get(self.chain.key)
        if self.stored is not None:
            self.chain = self.stored
        return again

    def _only_observe(self, decision: Decision) -> list[Observation]:
        """Say what would be done, and look again later."""
        state = str(self.chain.state)
        names = tuple(f"would {type(command).__name__}" for command in decision.commands)
        self.steps.append(Step(before=state, after=state, commands=names, decision=decision))
        return [seen.Postponed(why="this installation only observes")]
