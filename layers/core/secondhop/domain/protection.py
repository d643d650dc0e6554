"""How well each database is protected now: its newest verified copy in each final vault, against a target.

Three answers never mix. *Safe*: a verified copy exists, AWS showed it lately, and its backup is young enough. *Not
safe*: there is none. *Not seen*: nothing says either, because AWS or the table could not be asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from secondhop.domain import patience
from secondhop.domain.arn import Vault
from secondhop.domain.causes import Cause
from secondhop.domain.chain import Chain, ChainState
from secondhop.domain.hop import Hop, HopState, Trouble
from secondhop.domain.route import RouteKind

# A copy is looked at daily, or weekly while a newer one is known. A look may be a day late.
LATE = timedelta(days=1)


class Safety(StrEnum):
    """Whether the newest verified copy of a database meets its target."""

    SAFE = "safe"
    NOT_SAFE = "not safe"
    NOT_SEEN = "not seen"


WORST_FIRST = (Safety.NOT_SAFE, Safety.NOT_SEEN, Safety.SAFE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """A database and its newest verified copy in a final vault.

    `vault` is None while no backup of the database has reached the watched vault. `backed_up_at` is the date of the
    original backup of the copy `point`, and `loss` its age: what would be lost if the database were lost now. `reason`
    says why the database is not safe, or not seen. `chain` is the newest chain that is not COMPLETE, and `trouble` its
    trouble.
    """

    database: str
    resource_type: str
    vault: Vault | None
    safety: Safety
    target: timedelta
    point: str | None = None
    backed_up_at: datetime | None = None
    seen_at: datetime | None = None
    loss: timedelta | None = None
    reason: str = ""
    chain: Chain | None = None
    trouble: Trouble | None = None

    @property
    def cause(self) -> Cause | None:
        return self.trouble.cause if self.trouble is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copy:
    chain: Chain
    hop: Hop

    @property
    def seen_at(self) -> datetime:
        return self.hop.arrival.last_seen_at or self.hop.since


def protections_of(chains: Sequence[Chain], *, now: datetime, target: timedelta) -> Iterator[Protection]:
    """The protection of one database in each of its final vaults, from its current chains (`ledger.is_current`)."""
    vaults = {hop.destination: None for chain in chains for hop in _final_hops(chain)}
    for vault in vaults or (None,):
        yield _protection(chains, vault, now=now, target=target)


def worst_first(found: Iterable[Protection]) -> list[Protection]:
    """Not safe, then not seen, then safe; the largest loss first, and a database without any copy before all."""
    return sorted(found, key=_order)


def _order(each: Protection) -> tuple[int, bool, float, str]:
    loss = each.loss.total_seconds() if each.loss is not None else 0
    return WORST_FIRST.index(each.safety), each.loss is not None, -loss, each.database


def _final_hops(chain: Chain) -> tuple[Hop, ...]:
    """The hops with copies that are kept. A first hop ends in the watched vault, so it has none."""
    if chain.kind is RouteKind.FIRST_HOPS:
        return ()
    onward = {each.name for each in chain.intermediates}
    return tuple(hop for hop in chain.hops if hop.name not in onward)


def _protection(chains: Sequence[Chain], vault: Vault | None, *, now: datetime, target: timedelta) -> Protection:
    copies = [
        _Copy(chain=chain, hop=hop)
        for chain in chains
        for hop in _final_hops(chain)
        if hop.destination == vault and _is_good(hop)
    ]
    newest = max(copies, key=lambda copy: copy.chain.created_at, default=None)
    behind = max(
        (each for each in chains if each.state is not ChainState.COMPLETE and _is_newer(each, newest)),
        key=lambda chain: chain.created_at,
        default=None,
    )
    troubles = behind.troubles() if behind is not None else ()
    safety, reason = _assess(newest, behind, now=now, target=target)
    return Protection(
        database=chains[0].database,
        resource_type=chains[0].resource_type,
        vault=vault,
        safety=safety,
        target=target,
        point=newest.hop.arrival.point if newest is not None else None,
        backed_up_at=newest.chain.created_at if newest is not None else None,
        seen_at=newest.seen_at if newest is not None else None,
        loss=now - newest.chain.created_at if newest is not None else None,
        reason=reason,
        chain=behind,
        trouble=troubles[0] if troubles else None,
    )


def _is_good(hop: Hop) -> bool:
    return hop.state is HopState.VERIFIED and hop.arrival.point is not None and hop.arrival.seen_gone_at is None


def _is_newer(chain: Chain, newest: _Copy | None) -> bool:
    return newest is None or chain.created_at > newest.chain.created_at


def _assess(newest: _Copy | None, behind: Chain | None, *, now: datetime, target: timedelta) -> tuple[Safety, str]:
    """The safety of a database, and why it is not safe or not seen."""
    if newest is None:
        return Safety.NOT_SAFE, f"it has no verified copy; {_state_of(behind, none='no backup is on its way')}"
    hop = newest.hop
    if hop.notice.silent_since is not None:
        return Safety.NOT_SEEN, f"AWS has not answered about its newest copy since {_at(hop.notice.silent_since)}"
    between = patience.OLDER_COPY_CHECK if hop.arrival.is_superseded else patience.DAILY
    if now - newest.seen_at > between + LATE:
        return Safety.NOT_SEEN, f"no one has looked at its newest copy since {_at(newest.seen_at)}"
    if now - newest.chain.created_at > target:
        return (
            Safety.NOT_SAFE,
            f"its newest copy is older than the target; {_state_of(behind, none='no newer backup has arrived')}",
        )
    return Safety.SAFE, ""


def _state_of(chain: Chain | None, *, none: str) -> str:
    """What the newest chain without a copy does; `none` if there is no such chain."""
    if chain is None:
        return none
    if troubles := chain.troubles():
        return f"the backup of {_at(chain.created_at)} is {chain.state} ({troubles[0].cause})"
    return f"the backup of {_at(chain.created_at)} is {chain.state}"


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
