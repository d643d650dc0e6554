"""The rules of a hop about which AWS refused a question. Pure; `table` binds them."""

from __future__ import annotations

from secondhop.domain import patience
from secondhop.domain.classification import Cause, classify_question
from secondhop.domain.observation import (
    AskingRefused,
)
from secondhop.domain.rules.step import (
    HopSituation,
    HopStep,
    replace_hop,
    strand,
    trouble_in_flight,
)


def strand_on_refusal(s: HopSituation, fact: AskingRefused) -> HopStep:
    """Any working state, and AWS refused a question. It denies a wrong vault name too: never "gone"."""
    cause = classify_question(message=fact.message, code=fact.code)
    heard = replace_hop(s, s.hop.with_notice(silent_since=None))
    return tolerate_unclear_refusal(s, fact, cause) or strand(heard, cause, fact.message)


def report_refusal_in_flight(s: HopSituation, fact: AskingRefused) -> HopStep:
    """COPYING, and AWS refused a question. Operators are notified, and it asks again hourly.

    The copy may be in flight, so the slot stays taken. No other copy can use it until AWS answers.
    """
    cause = classify_question(message=fact.message, code=fact.code)
    heard = replace_hop(s, s.hop.with_notice(silent_since=None))
    return tolerate_unclear_refusal(s, fact, cause) or trouble_in_flight(heard, cause, fact.message)


def tolerate_unclear_refusal(s: HopSituation, fact: AskingRefused, cause: Cause) -> HopStep | None:
    """Retry for up to an hour if AWS refuses a question for an unclear reason; else None."""
    since = s.hop.notice.silent_since or s.now
    if cause not in (Cause.UNKNOWN, Cause.NO_VAULT) or s.now - since >= patience.SILENCE_PATIENCE:
        return None
    return HopStep(hop=s.hop.with_notice(silent_since=since), reason=f"no good answer: {fact.message}")
