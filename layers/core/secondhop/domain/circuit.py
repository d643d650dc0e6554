"""A site's circuit: whether copies of several databases into an account and Region fail, with no arrival in between.

If only the copies of one database fail, the site works: that database uses up its tries and strands. When copies
of five databases fail by AWS's own faults, and nothing arrives meanwhile, the site is at fault. While its circuit is
open no attempt is counted, and one copy at a time is started to see whether the site works again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from secondhop.domain.arn import Site

# So many databases without a single arrival in between. One copy in ten fails by chance; five of five do so once in
# 100,000.
DATABASES_TO_OPEN = 5
# A copy that is let through takes a quarter of an hour at least until it is known how it ended.
PROBE_INTERVAL = timedelta(minutes=15)
# 15, 30, 60, 120 and 240 minutes: an outage of a day costs about ten copies. That it is over shows within four hours.
LONGEST_PROBE_INTERVAL = timedelta(hours=4)
# A database that has not failed yet shows more about the site. The others wait for so much longer, which is two looks.
HEAD_START = 2 * PROBE_INTERVAL
# Hexadecimal digits of a database's hash. Two of five databases are taken for one once in 10^18.
DIGITS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """What is remembered of copies into a site since the last arrival.

    `databases` are hashes of the first databases with failed copies, at most as many as open the circuit. `failures`
    counts the failed copies. `probe_after` is when the next copy is let through, `probes` how many were let through.
    An item from before databases were counted has none, and counts as closed.
    """

    site: Site
    failures: int = 0
    opened_at: datetime | None = None
    probe_after: datetime | None = None
    databases: tuple[str, ...] = ()
    probes: int = 0

    @property
    def is_open(self) -> bool:
        return self.opened_at is not None and len(self.databases) >= DATABASES_TO_OPEN

    def after_failure(self, now: datetime, *, database: str) -> Circuit:
        """A copy of a database failed by AWS's own fault."""
        if self.is_open:
            return replace(self, failures=self.failures + 1)
        databases = tuple(dict.fromkeys((*self.databases, _hash(database))))
        counted = Circuit(site=self.site, failures=self.failures + 1, databases=databases)
        if len(databases) < DATABASES_TO_OPEN:
            return counted
        return replace(counted, opened_at=now, probe_after=now + PROBE_INTERVAL)

    def after_success(self) -> Circuit:
        """A copy arrived: all is forgotten."""
        return Circuit(site=self.site)

    def blocks(self, now: datetime, *, database: str) -> bool:
        """Whether no copy of a database may be started into the site now."""
        if not self.is_open or self.probe_after is None:
            return False
        has_failed = _hash(database) in self.databases
        return now < self.probe_after + (HEAD_START if has_failed else timedelta(0))

    def probed(self, now: datetime) -> Circuit:
        """One copy is let through. The next one has to wait twice as long as this one, up to the longest interval."""
        probes = self.probes + 1
        wait = min(PROBE_INTERVAL * (1 << min(probes, 10)), LONGEST_PROBE_INTERVAL)
        return replace(self, probes=probes, probe_after=now + wait)

    def words(self) -> str:
        """Why copies wait, for people."""
        since = self.opened_at.isoformat() if self.opened_at is not None else "now"
        return (
            f"since {since} copies of several databases into {self.site} fail, and none arrives; "
            "one at a time is tried until they arrive"
        )


def _hash(database: str) -> str:
    return hashlib.sha256(database.encode()).hexdigest()[:DIGITS]
