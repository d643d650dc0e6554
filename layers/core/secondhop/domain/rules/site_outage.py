"""The rules of a hop with a destination site that does not answer, or fails all copies. Pure; `table` binds them."""

from __future__ import annotations

from secondhop.domain import patience
from secondhop.domain.classification import Cause
from secondhop.domain.hop import Hop, HopState
from secondhop.domain.observation import (
    CopySeen,
    CopyStarted,
    SiteDown,
    SiteSilent,
    SlotRefused,
)
from secondhop.domain.rules.step import (
    HopSituation,
    HopStep,
    with_site_incident,
)


def note_silence(s: HopSituation, fact: SiteSilent) -> HopStep:
    """Any working state, and a question was not answered. Operators are notified if that lasts."""
    since = s.hop.notice.silent_since or s.now
    hop = s.hop.with_notice(silent_since=since)
    if s.now - since < patience.SILENCE_PATIENCE:
        return HopStep(hop=hop, reason=f"no answer: {fact.why}")
    return HopStep(hop=with_site_incident(s, hop, fact.why), reason=f"no answer since {since.isoformat()}: {fact.why}")


def wait_for_the_site(s: HopSituation, fact: SiteDown) -> HopStep:
    """WAITING, and the site's circuit is open: no attempt is made, and one incident speaks for all.

    The hop stays in the queue for a slot. The sweep wakes as many as there are slots, and one of them is the probe.
    """
    hop = s.hop.with_attempt(slot_wanted=True, not_before=None)
    return HopStep(hop=with_site_incident(s, hop, fact.why), reason=f"waits: {fact.why}")


def waits_for_its_site(hop: Hop) -> bool:
    """Whether operators were notified that the hop's site does not work."""
    return hop.notice.unresolved is not None and hop.notice.unresolved.cause is Cause.SITE_DOWN


def shows_that_the_site_is_back(hop: Hop, fact: object) -> bool:
    """Whether a hop, as it is after a fact, is held up by nothing but the quota or the time that a copy takes.

    Only a fact that came while the site's circuit was closed counts.

    A survey is no proof: in an outage of StartCopyJob alone it is answered every hour.
    """
    match fact:
        case SlotRefused():
            return True
        case CopyStarted() | CopySeen():
            return hop.state is HopState.COPYING and hop.attempt.job_id is not None
        case _:
            return False
