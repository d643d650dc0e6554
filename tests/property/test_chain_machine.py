"""Chains under any sequence of events, faults, operators and time, with the actor's own use case and a stand-in AWS.

After each step the promises that a step can break are checked against that world; at the end everything that is broken
is mended, time runs on, and every chain has to come to an end.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import settings
from hypothesis.stateful import invariant, run_state_machine_as_test

from secondhop.application.release import inspect_arrival
from secondhop.application.work import Look
from secondhop.domain.chain import Chain, ChainKey, ChainState, IntermediateState
from secondhop.domain.classification import REMEDIES, Again, Cause
from secondhop.domain.command import Announce, Channel
from secondhop.domain.hop import HopState
from secondhop.domain.observation import JobSeen
from secondhop.domain.verification import Verdict, assess_arrival
from tests.builders import DR_VAULT, WATCHED
from tests.chain_examples import EXAMPLES, Step
from tests.chain_world import BACK, LIMIT, World, number_of
from tests.moves import BORN, Move, births_of, is_allowed, moves_of

ENDS = (ChainState.COMPLETE, ChainState.ABANDONED, ChainState.STRANDED, ChainState.TOO_LATE, ChainState.RELEASING)
# What the run must have reached, or its invariants have proved nothing.
MARKS = (
    *("deleted", "kept", "left to its owner", "finished", "another copy"),
    *(Cause.SOURCE_GONE, Cause.SOURCE_EXPIRED, Cause.UNDECIDABLE, Cause.VANISHED),
)
# Changes of state that the run must have seen, each through a row, a birth or a consequence.
MOVES = (
    Move("hop", BORN, BORN, "WAITING"),
    Move("hop", "WAITING", "CopiesSurveyed", "COPYING"),
    Move("hop", "WAITING", "CopiesSurveyed", "STRANDED"),
    Move("hop", "COPYING", "CopySeen", "VERIFYING"),
    Move("hop", "COPYING", "CopySeen", "WAITING"),
    Move("hop", "VERIFYING", "ArrivalInspected", "VERIFIED"),
    Move("hop", "VERIFIED", "ArrivalInspected", "STRANDED"),
    Move("hop", "STRANDED", "RetryAsked", "WAITING"),
    Move("intermediate", BORN, BORN, "HELD"),
    Move("intermediate", "HELD", "ArrivalInspected", "DUE"),
    Move("intermediate", "DUE", "ArrivalInspected", "HELD"),
    Move("intermediate", "DUE", "KeepSurveyed", "RELEASING"),
    Move("intermediate", "RELEASING", "IntermediateInspected", "RELEASED"),
    Move("chain", "FOLLOWED", "AbandonAsked", "ABANDONED"),
)
reached: Counter[str] = Counter()
moved: set[Move] = set()


class Chains(World):
    """What holds after every step, and in the end."""

    @invariant()
    def slots_are_those_of_the_chains_that_copy(self) -> None:
        copying = [chain for chain in self.chains() if chain.hop("to-dr").state is HopState.COPYING]
        held = {name for lane in self.stage.chains._slots.values() for name in lane}

        assert sorted(chain.database for chain in copying) == sorted(held)
        assert len(held) <= LIMIT

    def _copies_of_backups(self) -> dict[int, list[JobSeen]]:
        """The jobs that are making a copy of a backup, or whose copy stands."""
        found: dict[int, list[JobSeen]] = {}
        for job in self.stage.backup.jobs.values():
            is_standing = (DR_VAULT.arn, job.arrival) in self.stage.backup.points
            if job.destination_vault_arn == DR_VAULT.arn and (job in self.live() or is_standing):
                found.setdefault(number_of(job.source), []).append(job)
        return found

    @invariant()
    def no_backup_is_copied_twice_while_a_copy_of_it_stands_or_is_on_its_way(self) -> None:
        """Also after an operator has abandoned the chain of another point of the same backup."""
        assert [jobs for jobs in self._copies_of_backups().values() if len(jobs) > 1] == []

    @invariant()
    def what_somebody_brought_back_is_neither_copied_nor_deleted(self) -> None:
        backup = self.stage.backup
        copied = [job for job in backup.jobs.values() if job.source.startswith(BACK)]

        assert (copied, [each for each in backup.deleted if each.point.startswith(BACK)]) == ([], [])

    @invariant()
    def what_was_deleted_had_a_good_copy_at_that_moment_that_lives_as_long(self) -> None:
        calm = replace(self.stage.backup, troubles={})
        for command in calm.deleted[self.deletes_judged :]:
            chain = self.stage.chains.get(ChainKey(command.point, "default"))
            assert chain is not None
            assert command.vault == WATCHED
            inspected = inspect_arrival(calm, self.stage.keys, chain, chain.hop("to-dr"))
            assessment = assess_arrival(chain, chain.hop("to-dr"), inspected, route=self.stage.route)
            assert assessment.verdict is Verdict.GOOD, (command, assessment)
            assert inspected.point is not None
            deleted, lives_until = self.described[command.point], inspected.point.delete_at
            is_over = deleted.status == "EXPIRED" or calm.delete_does == "EXPIRED"
            assert is_over or (deleted.delete_at and lives_until and deleted.delete_at <= lives_until), deleted
            reached["deleted"] += 1
        self.deletes_judged = len(calm.deleted)

    @invariant()
    def no_chain_is_forgotten_while_its_points_stand(self) -> None:
        for chain in self.chains():
            if chain.finished_at is None:
                assert chain.next_check is not None
            else:
                standing = {chain.key.recovery_point, chain.hop("to-dr").arrival.point}
                assert standing.isdisjoint(arn for _, arn in self.stage.backup.points)

    @invariant()
    def operators_heard_of_it_or_will_be_told_on_both_channels(self) -> None:
        """Incidents of one cause and place are gathered: the first speaks for all of them."""
        announcer = self.stage.announcer
        pending = [p.command for chain in self.chains() for p in chain.pending if isinstance(p.command, Announce)]
        for told, channel in ((announcer.messages, Channel.TOPIC), (announcer.events, Channel.BUS)):
            opened = [each for each in (*told, *pending) if each.channel is channel and not each.is_closed]
            assert opened or not any(chain.incidents for chain in self.chains())

    @invariant()
    def every_change_of_state_is_in_a_table(self) -> None:
        for decision in self.stage.decisions:
            births = births_of(decision.before) if decision.before.version == 0 else ()
            found = [*births, *moves_of(decision)]
            moved.update(found)
            assert [move for move in found if not is_allowed(move)] == []
        self.stage.decisions.clear()

    @invariant()
    def what_was_reached_is_counted(self) -> None:
        for chain in self.chains():
            _mark(chain)

    # ------------------------------------------------------------ and in the end

    def _mend(self) -> None:
        stage = self.stage
        stage.backup.troubles.clear()
        stage.announcer.troubles.clear()
        stage.backup.delete_does = "deletes"
        stage.keys.states.clear()
        stage.chains.pause(route="default", by=None)
        self.what_was_brought_back_is_complete_and_shows()

    def _let_aws_get_on(self) -> None:
        for place, point in list(self.stage.backup.points.items()):
            if point.status == "CREATING":
                self.stage.backup.points[place] = replace(point, status="COMPLETED")
            elif point.status in ("DELETING", "EXPIRED"):
                del self.stage.backup.points[place]
        while self.live():
            self.a_copy_ends_well(0, is_lost=True, is_fast=False)

    def teardown(self) -> None:
        """Mend everything, let time run, and demand an end of every chain: what is not complete, somebody knows of."""
        if not hasattr(self, "stage"):
            return
        self._mend()
        for _ in range(40):
            self._let_aws_get_on()
            self.stage.clock.forward(hours=7)
            for key in list(self.stage.chains.due(now=self.stage.clock.now)):
                self.stage(Look(key=key))
            self.stage.drain()
        for chain in self.chains():
            _assert_that_it_ended(chain)


def _assert_that_it_ended(chain: Chain) -> None:
    """What waits at the end waits for a person. A delete that failed, and is not wanted any more, waits for nobody."""
    assert chain.state in ENDS, (chain.state, chain)
    going = (each for each in chain.intermediates if each.state is IntermediateState.RELEASING)
    troubles = (*(hop.notice.trouble for hop in chain.hops), *(each.trouble for each in going))
    needs_somebody = [REMEDIES[each.cause].again is Again.OPERATOR for each in troubles if each is not None]
    assert all(needs_somebody) or chain.state is ChainState.ABANDONED, chain.troubles()
    assert chain.state is not ChainState.STRANDED or chain.incidents


def _mark(chain: Chain) -> None:
    reached.update(trouble.cause for trouble in chain.troubles())
    reached["kept"] += chain.intermediate("arrival").kept_until is not None
    reached["left to its owner"] += (chain.abandoned_by or "").startswith("the owner of copy job")
    reached["finished"] += chain.finished_at is not None
    reached["another copy"] += chain.hop("to-dr").rejected != ()


def run_example(steps: tuple[Step, ...]) -> None:
    """Check all invariants after each step, and in the end that every chain ended."""
    chains = Chains()
    for step in steps:
        step(chains)
        for each in chains.invariants:
            each.function(chains)
    chains.teardown()


def test_chains_keep_their_promises_under_any_sequence_of_events() -> None:
    for steps in EXAMPLES.values():
        run_example(steps)
    run_state_machine_as_test(Chains, settings=settings(settings.default, stateful_step_count=50, max_examples=150))
    assert [mark for mark in MARKS if not reached[mark]] == []
    assert [move for move in MOVES if move not in moved] == []
