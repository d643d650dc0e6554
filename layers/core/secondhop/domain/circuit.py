"""A site's circuit: whether copies into an account and Region fail one after the other, whoever starts them.

One database's trouble is its own; when copies of several fail in a row by AWS's own faults, the site is at fault. While
its circuit is open no attempt is counted, and one copy at a time is let through to see whether the site works again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from secondhop.domain.arn import Site

# So many failures without a single arrival in between. Chance failures of one copy in ten do that once in 100,000.
FAILURES_TO_OPEN = 5
# A copy that is let through takes a quarter of an hour at least until it is known how it ended.
PROBE_INTERVAL = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """What is remembered of copies into a site; `probe_after` is when the next copy is let through."""

    site: Site
    failures: int = 0
    opened_at: datetime | None = None
    probe_after: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.opened_at is not None

    def after_failure(self, now: datetime) -> Circuit:
        """A copy failed by AWS's own fault."""
        failures = self.failures + 1
        if failures < FAILURES_TO_OPEN:
            return replace(self, failures=failures)
        return replace(
            self,
            failures=failures,
            opened_at=self.opened_at or now,
            probe_after=self.probe_after or now + PROBE_INTERVAL,
        )

    def after_success(self) -> Circuit:
        """A copy arrived: all is forgotten."""
        return Circuit(site=self.site)

    def blocks(self, now: datetime) -> bool:
        """Whether no copy may be started into the site now."""
        return self.probe_after is not None and now < self.probe_after

    def probed(self, now: datetime) -> Circuit:
        """One copy is let through; the next one later."""
        return replace(self, probe_after=now + PROBE_INTERVAL)

    def words(self) -> str:
        """Why copies wait, for people."""
        since = self.opened_at.isoformat() if self.opened_at is not None else "now"
        return (
            f"since {since} copies into {self.site} fail one after the other; one at a time is tried until they arrive"
        )
