"""Which facts show that AWS answers again, and which do not."""

from __future__ import annotations

import pytest

from secondhop.domain import observation as seen
from secondhop.domain.advance import advance
from secondhop.domain.hop import HopState
from tests.builders import COPY_ARN, DR_KEY, NOW, a_chain, a_copy, a_route, an_arrival, with_hop


@pytest.mark.parametrize(
    ("state", "fact", "is_answer"),
    [
        (HopState.WAITING, seen.SiteSilent(hop="to-dr", why="timed out"), False),
        (HopState.WAITING, seen.AskingRefused(hop="to-dr", message="odd", code="Odd"), False),
        (HopState.WAITING, seen.SourceInspected(hop="to-dr", point=an_arrival()), False),
        (HopState.COPYING, seen.JobMissing(hop="to-dr", job_id="JOB-1"), False),
        (HopState.VERIFIED, seen.NewerSurveyed(hop="to-dr", newer=None), False),
        (HopState.WAITING, seen.SlotRefused(hop="to-dr", why="full"), True),
        (
            HopState.VERIFIED,
            seen.ArrivalInspected(hop="to-dr", arrival=COPY_ARN, point=a_copy(), vault_key_arn=DR_KEY),
            True,
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_silence_ends_with_an_answer_and_not_with_what_only_leads_to_the_next_question(
    state: HopState, fact: seen.HopObservation, is_answer: bool
) -> None:
    silent = with_hop(a_chain(), state=state, attempt=1, arrival=COPY_ARN, silent_since=NOW)
    after = advance(silent, fact, route=a_route(), now=NOW).chain.hop("to-dr")

    assert (after.notice.silent_since is None) is is_answer
