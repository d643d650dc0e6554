"""For how long a trouble counts as unresolved, so that its incident stays open through the retries."""

from __future__ import annotations

from dataclasses import replace

from secondhop.domain import observation as seen
from secondhop.domain.arn import Site
from secondhop.domain.chain import Chain, IntermediateState
from secondhop.domain.hop import HopState, Trouble
from secondhop.domain.observation import Observation
from secondhop.domain.rules.site_outage import shows_that_the_site_is_back, waits_for_its_site

# A HELD intermediate must not be deleted, and a RELEASED one does not exist. So a failed delete is no trouble any more.
NOTHING_TO_DELETE = (IntermediateState.HELD, IntermediateState.RELEASED)


def end_site_incident(chain: Chain, fact: Observation, sites_down: frozenset[Site]) -> Chain:
    """A site's incident is over for a hop as soon as the site works, which may be long before the hop's turn comes."""
    if not isinstance(fact, seen.HopObservation):
        return chain
    hop = next((each for each in chain.hops if each.name == fact.hop), None)
    if hop is None or hop.destination.site in sites_down:
        return chain
    if not (waits_for_its_site(hop) and shows_that_the_site_is_back(hop, fact)):
        return chain
    return chain.with_hop(hop.with_notice(unresolved=None))


def remember_troubles(before: Chain, after: Chain) -> Chain:
    """A trouble stays unresolved through its retries, until its hop or intermediate got where it was meant to get."""
    for hop in after.hops:
        old = before.hop(hop.name)
        is_well = hop.state is HopState.VERIFIED and hop.notice.silent_since is None
        is_over = is_well or (old.notice.trouble is not None and hop.state is old.state)
        kept = _unresolved(hop.notice.trouble, hop.notice.unresolved, is_over=is_over)
        after = after if kept is hop.notice.unresolved else after.with_hop(hop.with_notice(unresolved=kept))
    for each in after.intermediates:
        kept = _unresolved(each.trouble, each.unresolved, is_over=each.state in NOTHING_TO_DELETE)
        after = after if kept is each.unresolved else after.with_intermediate(replace(each, unresolved=kept))
    return after


def _unresolved(trouble: Trouble | None, old: Trouble | None, *, is_over: bool) -> Trouble | None:
    if trouble is None:
        return None if is_over else old
    return old if old is not None and old.cause is trouble.cause else trouble
