"""Which incidents a chain has open, and the messages about them, on every channel.

Each channel's message is an effect of its own: one that fails is retried, and the other is not repeated for it. An
incident opens with a trouble and closes when the trouble is overcome: the daily retry in between is no news. Its id is
made of the chain, the subject and the cause, so that a repeated message is recognisable as one. Incidents of one cause,
site and day share a `group`, for which the topic gets at most a message an hour. Waiting, a quota and a retry are no
incidents; a wait for a slot becomes one when its source is about to expire.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from secondhop.domain import patience
from secondhop.domain.arn import Arn, Site
from secondhop.domain.chain import Chain
from secondhop.domain.classification import REMEDIES, Again, Cause
from secondhop.domain.command import Announce, Channel, Circumstances
from secondhop.domain.gathering import Group, group_id
from secondhop.domain.hop import Hop, Trouble
from secondhop.domain.outbox import LAST_CALL
from secondhop.domain.route import ARRIVAL

# Troubles of one recovery point alone: their texts and keys say nothing about a common reason, so all of one cause,
# site and day share a group. All others come from a setting, a key, a policy or a Region: text and key count as well.
OF_ONE_POINT = frozenset(
    {
        Cause.SOURCE_GONE,
        Cause.SOURCE_EXPIRED,
        Cause.TOO_LATE,
        Cause.VANISHED,
        Cause.MISMATCH,
        Cause.UNDECIDABLE,
        Cause.CLAIMED,
        Cause.STUCK,
    }
)
# Nothing can be saved any more, so there is no last call.
HOPELESS = frozenset({Cause.SOURCE_GONE, Cause.SOURCE_EXPIRED, Cause.TOO_LATE})
# The copy does not exist, or cannot be restored as required.
BAD_COPY = frozenset({Cause.VANISHED, Cause.MISMATCH, Cause.UNENCRYPTED, Cause.KEY_UNUSABLE})
# What Second Hop itself does about a trouble.
NEXT_STEPS = {
    Again.SOON: "Second Hop tries again by itself until the source expires.",
    Again.DAILY: "Second Hop retries once a day until the source expires.",
    Again.OPERATOR: "Second Hop waits for an operator to retry or abandon. docs/runbook.md has the commands.",
}
# What differs between two chains in the same text of AWS: ARNs, ids, numbers.
PARTICULARS = re.compile(r"arn:\S+|[0-9a-fA-F-]{8,}|\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One open incident of a chain: a hop or intermediate (`subject`) and the trouble that it has not overcome."""

    chain: Chain
    subject: str
    site: Site
    trouble: Trouble

    @property
    def id(self) -> str:
        """Stable over repeats, crashes and installations: 16 hexadecimal digits."""
        return _digest(str(self.chain.key), self.subject, self.trouble.cause)

    @property
    def group(self) -> str:
        """The id of the group of incidents that share messages on the topic: 16 hexadecimal digits."""
        cause, day = self.trouble.cause, self.trouble.since.date().isoformat()
        text = PARTICULARS.sub("*", self.trouble.message)
        mistake = () if cause in OF_ONE_POINT else (self.chain.key_arn or "", text)
        return group_id(family=(cause, str(self.site), day), particulars=(self.chain.key.route, *mistake))


def database_name(database: str) -> str:
    """The name in the ARN of a database."""
    return Arn.parse(database).resource.rpartition(":")[2]


def short_name(chain: Chain) -> str:
    """The database and the backup of a chain, for a list of them."""
    return f"{database_name(chain.database)[:100]}, backup of {chain.created_at:%Y-%m-%d %H:%M}"


def summary_of(message: Announce, group: Group) -> Announce:
    """A message for all members of a group that no message covered yet; one of them, `message`, is in it in full."""
    named = [(member.removesuffix(LAST_CALL), name) for member, name in group.names]
    more = len(group.waiting) - len(named)
    if group.waiting == {message.incident}:
        return replace(message, group=group.id, members=(message.incident.removesuffix(LAST_CALL),))
    return replace(
        message,
        group=group.id,
        title=f"{len(group.waiting)} recovery points: {message.title.rpartition(': ')[2]}",
        lines=(
            f"These {len(group.waiting)} recovery points have the same cause, and no message named them before:",
            *(f"- {name} (incident {member})" for member, name in named),
            *((f"- and {more} more",) if more else ()),
            "One of them in full:",
            *message.lines,
        ),
        members=tuple(member for member, _ in named),
        more=more,
    )


def incidents_of(chain: Chain) -> tuple[Incident, ...]:
    """Everything that is in trouble now, or was and has not been overcome."""
    if chain.abandoned_by is not None:
        return ()
    hops = [(hop.name, hop.destination.site, hop.notice.unresolved) for hop in chain.hops if hop.notice.unresolved]
    intermediates = [(each.name, each.vault.site, each.unresolved) for each in chain.intermediates if each.unresolved]
    return tuple(
        Incident(chain=chain, subject=name, site=site, trouble=trouble)
        for name, site, trouble in (*hops, *intermediates)
    )


def last_call_at(chain: Chain) -> datetime | None:
    """When to send the last call for a hop in trouble, before its source expires; None if there is nothing to save."""
    moments = [moment for each in incidents_of(chain) if (moment := _last_call_at(each)) is not None]
    return min(moments, default=None)


def open_ids(chain: Chain, now: datetime) -> tuple[str, ...]:
    """The ids of all incidents, and of the last calls that are due."""
    found = incidents_of(chain)
    return (*(each.id for each in found), *(each.id + LAST_CALL for each in _last_calls(found, now)))


def announcements(before: Chain, after: Chain, now: datetime) -> tuple[Announce, ...]:
    """The messages: incidents that opened, closed, or need a last call, since `before` was announced."""
    now_open, announced = open_ids(after, now), before.incidents
    if now_open == announced:
        return ()
    found = incidents_of(after)
    opened = [_opening(each) for each in found if each.id not in announced]
    calls = [_last_call(each) for each in _last_calls(found, now) if each.id + LAST_CALL not in announced]
    ended = [each for each in before.incidents if each not in now_open and not each.endswith(LAST_CALL)]
    groups = {each.id: each.group for each in incidents_of(before)}
    closed = [_closing(after, incident, groups.get(incident)) for incident in ended]
    return tuple(replace(each, channel=channel) for each in (*opened, *calls, *closed) for channel in Channel)


def _last_calls(incidents: Iterable[Incident], now: datetime) -> Iterator[Incident]:
    for each in incidents:
        moment = _last_call_at(each)
        if moment is not None and now >= moment:
            yield each


def _last_call_at(incident: Incident) -> datetime | None:
    """Two days before the source expires, but not while the first message is still fresh."""
    chain, expires_at = incident.chain, incident.chain.source_expires_at
    is_saved = all(hop.name != incident.subject or _has_good_copy(hop, incident) for hop in chain.hops)
    is_source_gone = chain.source_gone_at is not None or chain.is_released(ARRIVAL)
    if is_saved or is_source_gone or expires_at is None or incident.trouble.cause in HOPELESS:
        return None
    moment = max(expires_at - patience.LAST_CALL, incident.trouble.since + timedelta(hours=12))
    return moment if moment < expires_at else None


def _has_good_copy(hop: Hop, incident: Incident) -> bool:
    """Whether a copy of the hop exists, and the incident is not about that copy."""
    return hop.arrival.point is not None and incident.trouble.cause not in BAD_COPY


def _opening(incident: Incident) -> Announce:
    chain, trouble, remedy = incident.chain, incident.trouble, REMEDIES[incident.trouble.cause]
    next_step = NEXT_STEPS[remedy.again]
    return Announce(
        subject=incident.subject,
        incident=incident.id,
        group=incident.group,
        is_closed=False,
        title=f"{database_name(chain.database)}: {trouble.cause} ({chain.state})",
        lines=(
            *_whereabouts(chain),
            f"What happened: {trouble.message}",
            f"Remedy: {remedy.words}",
            f"Next: {next_step}",
            "More recovery points may share this cause. A summary names them, once an hour at most.",
        ),
        circumstances=replace(
            _circumstances(chain),
            cause=str(trouble.cause),
            message=trouble.message,
            remedy=remedy.words,
            next_step=next_step,
            group=incident.group,
        ),
    )


def _last_call(incident: Incident) -> Announce:
    """The opening once more, with the source's end before it."""
    expires_at, opening = incident.chain.source_expires_at, _opening(incident)
    warning = f"Last call: the source expires on {expires_at.isoformat() if expires_at else 'an unknown date'}."
    return replace(
        opening,
        incident=incident.id + LAST_CALL,
        group=incident.group + LAST_CALL,
        title=f"{opening.title}, last call",
        lines=(warning, *opening.lines),
        circumstances=replace(opening.circumstances, source_expires_at=expires_at) if opening.circumstances else None,
    )


def _closing(chain: Chain, incident: str, group: str | None) -> Announce:
    who = f"abandoned by {chain.abandoned_by}" if chain.abandoned_by is not None else f"now {chain.state}"
    return Announce(
        subject="chain",
        incident=incident,
        group=group,
        is_closed=True,
        title=f"{database_name(chain.database)}: closed",
        lines=(*_whereabouts(chain), f"The chain is {who}."),
        circumstances=replace(_circumstances(chain), group=group),
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


def _whereabouts(chain: Chain) -> tuple[str, ...]:
    destinations = ", ".join(f"{hop.destination.name} in {hop.destination.site}" for hop in chain.hops)
    return (
        f"Database: {chain.database} ({chain.resource_type})",
        f"Backup created at: {chain.created_at.isoformat()}",
        f"Recovery point: {chain.key.recovery_point} in {chain.watched.name}, {chain.watched.site}",
        f"Destination: {destinations}",
    )


def _digest(*parts: str) -> str:
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]
