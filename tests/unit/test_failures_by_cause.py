"""What each cause of a failure leads to: how many tries, and what the operators are told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from secondhop.domain import observation as seen
from secondhop.domain.advance import advance
from secondhop.domain.chain import Chain, HopState
from secondhop.domain.classification import Cause
from secondhop.domain.command import Announce
from tests.builders import NOW, a_chain, a_job, a_route, with_hop

NEWS = "Nobody has ever read this sentence before."


def fail(chain: Chain, message: str, *, category: str = "") -> tuple[Chain, list[Announce]]:
    """Let the copy that is under way fail, and what is told of it."""
    copying = with_hop(chain, state=HopState.COPYING, job_id="JOB-1", attempt=chain.hop("to-dr").failures + 1)
    job = replace(a_job(state="FAILED"), message=message, category=category)
    decision = advance(copying, seen.CopySeen(hop="to-dr", job=job), route=a_route(), now=NOW)
    return decision.chain, [command for command in decision.commands if isinstance(command, Announce)]


def test_an_unknown_text_is_tried_a_few_times_in_silence_and_then_quoted_to_the_operators() -> None:
    chain = a_chain()
    for _ in range(5):
        chain, told = fail(chain, NEWS)
        assert (chain.state, told) == ("WAITING", [])

    chain, told = fail(chain, NEWS)

    assert chain.state == "STRANDED"
    assert [NEWS in "\n".join(message.lines) for message in told] == [True]


@pytest.mark.parametrize(
    ("message", "category", "cause"),
    [
        ("An internal error occurred.", "", None),
        ("There are too many copy jobs running for resource.", "", None),
        ("Failed to unshare snapshot", "", None),
        ("Access Denied trying to call AWS Backup service", "", Cause.VAULT_POLICY),
        (NEWS, "AccessDenied", Cause.PERMISSION),
        (NEWS, "InvalidParameters", None),
    ],
)
def test_only_what_can_pass_by_itself_is_tried_again_before_anybody_is_told(
    message: str, category: str, cause: Cause | None
) -> None:
    chain, told = fail(a_chain(), message, category=category)

    assert [trouble.cause for trouble in chain.troubles()] == ([cause] if cause else [])
    assert len(told) == (1 if cause else 0)
    assert chain.hop("to-dr").not_before == NOW + (timedelta(days=1) if cause else timedelta(minutes=5))
