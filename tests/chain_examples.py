"""Scripted runs of the chains' world: steps after each of which the invariants hold.

Hypothesis draws how many rules a run may not use, also from the constants of all imported modules. So what its runs
reach depends on the other tests of the session. These runs reach the same every time.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.chain_world import World

Step = Callable[[World], None]

SHORT, DAY = 6, 24 * 60 + 1
# In days from the night of a backup. Its copy expires on day 35.
LATER_THAN_ITS_COPY = 36


def _arrive(*, keep: int) -> Step:
    """One backup arrives. With `keep` 0 it is deleted soon after its copy is verified."""
    return lambda installed: installed.install(keep={"RDS": keep}, faults=[], arrivals=[0])


def _wait(minutes: int) -> Step:
    return lambda installed: installed.time_passes_and_the_sweep_runs(minutes)


def _source_goes(status: str | None) -> Step:
    return lambda installed: installed.an_arrival_goes(choice=0, status=status)


def _operator_acts(*, is_given_up: bool) -> Step:
    return lambda installed: installed.an_operator_looks_after_a_chain(choice=0, is_given_up=is_given_up)


def _copy_fails(installed: World) -> None:
    installed.a_copy_fails(choice=0, message="nobody knows", is_lost=False)


def _copy_vanishes(installed: World) -> None:
    installed.a_final_copy_vanishes(choice=0)


def _copy_is_brought_back(installed: World) -> None:
    installed.somebody_brings_a_copy_back(choice=0, is_under_way=False, is_hidden=True)


def _arrival_gets_a_later_expiry(installed: World) -> None:
    installed.somebody_changes_when_arrivals_expire(choice=0, days=LATER_THAN_ITS_COPY, is_each=True)


def _backup_arrives_again(installed: World) -> None:
    installed.a_backup_arrives_twice(number=0, seconds=0)


_COPIED = (World.all_copies_end_well, _wait(SHORT))
_DAYS = (_wait(DAY),) * 3

EXAMPLES: dict[str, tuple[Step, ...]] = {
    "the copy is lost, and the arrival is deleted": (_arrive(keep=0), *_COPIED, _copy_vanishes, *_DAYS),
    "the arrival would outlive its copy": (_arrive(keep=0), _arrival_gets_a_later_expiry, *_COPIED),
    "the copy is brought back": (
        *(_arrive(keep=0), *_COPIED, _copy_is_brought_back),
        *(World.what_was_brought_back_is_complete_and_shows, _wait(DAY)),
    ),
    "the copy is lost, and an operator orders another one": (
        *(_arrive(keep=1), *_COPIED, _copy_vanishes, _wait(DAY)),
        *(_operator_acts(is_given_up=False), World.all_copies_end_well),
    ),
    "the source is gone before a retry": (_arrive(keep=1), _source_goes(None), _copy_fails, *_DAYS),
    "the source is expired before a retry, and an operator gives it up": (
        *(_arrive(keep=1), _source_goes("EXPIRED"), _copy_fails, *_DAYS),
        _operator_acts(is_given_up=True),
    ),
    "the backup arrives twice": (
        *(_arrive(keep=1), *_COPIED, _backup_arrives_again, _wait(SHORT)),
        World.an_operator_retries_everything,
    ),
}
