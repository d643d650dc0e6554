"""Which incidents a chain has open, and what the operators are told of them, on every channel.

Each channel's message is an effect of its own: one that fails is tried again, and the other is not repeated for it.
An incident's id is made of the chain, the subject and the cause, so that a repeated message is recognisable as one.
Waiting, a quota and a retry are no incidents.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from secondhop.domain.arn import Arn
from secondhop.domain.chain import Chain, Trouble
from secondhop.domain.classification import REMEDIES, Again, Cause
from secondhop.domain.command import Announce, Channel, Circumstances


def incident_id(chain: Chain, subject: str, cause: Cause) -> str:
    """Stable over repeats, crashes and installations: 16 hexadecimal digits."""
    return hashlib.sha256(f"{chain.key}|{subject}|{cause}".encode()).hexdigest()[:16]


def open_incidents(chain: Chain) -> tuple[str, ...]:
    """The ids of everything that is in trouble now."""
    if chain.abandoned_by is not None:
        return ()
    return tuple(incident_id(chain, subject, trouble.cause) for subject, trouble in chain.troubled())


def announcements(before: Chain, after: Chain) -> tuple[Announce, ...]:
    """What to tell, and where: incidents that opened, and incidents that closed, since `before` was announced."""
    now_open = open_incidents(after)
    told = set(before.incidents)
    opened = tuple(
        _opening(after, subject, trouble)
        for subject, trouble in after.troubled()
        if after.abandoned_by is None and incident_id(after, subject, trouble.cause) not in told
    )
    closed = tuple(_closing(after, incident) for incident in before.incidents if incident not in now_open)
    return tuple(replace(told, channel=channel) for told in (*opened, *closed) for channel in Channel)


def _opening(chain: Chain, subject: str, trouble: Trouble) -> Announce:
    remedy = REMEDIES[trouble.cause]
    next_step = {
        Again.SOON: "Second Hop tries again daily until the source expires.",
        Again.DAILY: "Second Hop tries again daily until the source expires.",
        Again.OPERATOR: "Second Hop waits for an operator: retry or abandon.",
    }[remedy.again]
    return Announce(
        subject=subject,
        incident=incident_id(chain, subject, trouble.cause),
        is_closed=False,
        title=f"{_database_name(chain)}: {trouble.cause} ({chain.state})",
        lines=(
            *_whereabouts(chain),
            f"What happened: {trouble.message}",
            f"Remedy: {remedy.words}",
            f"Next: {next_step}",
        ),
        circumstances=replace(
            _circumstances(chain),
            cause=str(trouble.cause),
            message=trouble.message,
            remedy=remedy.words,
            next_step=next_step,
        ),
    )


def _closing(chain: Chain, incident: str) -> Announce:
    who = f"abandoned by {chain.abandoned_by}" if chain.abandoned_by is not None else f"now {chain.state}"
    return Announce(
        subject="chain",
        incident=incident,
        is_closed=True,
        title=f"{_database_name(chain)}: closed",
        lines=(*_whereabouts(chain), f"The chain is {who}."),
        circumstances=_circumstances(chain),
    )


def _circumstances(chain: Chain) -> Circumstances:
    return Circumstances(
        state=str(chain.state),
        route=chain.key.route,
        recovery_point=chain.key.recovery_point,
        database=chain.database,
        resource_type=chain.resource_type,
        created_at=chain.created_at,
        watched_vault_arn=chain.watched.arn,
        destination_vault_arns=tuple(hop.destination.arn for hop in chain.hops),
    )


def _database_name(chain: Chain) -> str:
    return Arn.parse(chain.database).resource.rpartition(":")[2]


def _whereabouts(chain: Chain) -> tuple[str, ...]:
    destinations = ", ".join(f"{hop.destination.name} in {hop.destination.site}" for hop in chain.hops)
    return (
        f"Database: {chain.database} ({chain.resource_type})",
        f"Backup of: {chain.created_at.isoformat()}",
        f"Recovery point: {chain.key.recovery_point} in {chain.watched.name}, {chain.watched.site}",
        f"On its way to: {destinations}",
    )
