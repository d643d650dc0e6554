"""What a decision asks for, in the imperative.

Effects change the world: they are persisted whole with the decision, parameters and all, and carried out under a
fence. Questions only read; they are asked in the invocation that decided them and never stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from secondhop.domain.arn import Site, Vault
from secondhop.domain.lane import Lane


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectCommand:
    """An effect on the world. `subject` is the hop or intermediate that it is for."""

    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartCopy(EffectCommand):
    """Start one copy job, with the parameters of StartCopyJob complete."""

    source: str
    source_vault: Vault
    destination: Vault
    copy_role_arn: str
    delete_after_days: int
    attempt: int
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseIntermediate(EffectCommand):
    """Delete an intermediate, after every arrival made from it was described and found good once more."""

    point: str
    vault: Vault


class Channel(StrEnum):
    """Where operators, and their systems, get messages. Each channel has its own messages and retries."""

    TOPIC = "TOPIC"
    BUS = "BUS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What an incident of a chain is about, for programs; `cause` and `remedy` are None once it closed."""

    state: str
    route: str
    recovery_point: str
    database: str
    resource_type: str
    created_at: datetime
    watched_vault_arn: str
    destination_vault_arns: tuple[str, ...]
    cause: str | None = None
    message: str | None = None
    remedy: str | None = None
    next_step: str | None = None
    group: str | None = None
    lag: str | None = None
    source_expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Announce(EffectCommand):
    """Notify the operators that an incident opened or closed. At least once on each channel, with a stable id.

    `group` is what incidents of one cause, site and day have in common. The topic gets one message for them, the bus
    one for each incident. A message for several names the incidents `members`, and counts `more`. Neither is stored.
    """

    incident: str
    is_closed: bool
    title: str
    lines: tuple[str, ...]
    channel: Channel = Channel.TOPIC
    circumstances: Circumstances | None = None
    group: str | None = None
    members: tuple[str, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Something to ask AWS about a hop or an intermediate."""

    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyCopies(Question):
    """Look before you copy: jobs of this source and destination, points of this database in the vault.

    `missing_job`: id of a job that AWS has just reported as not found, if that is the reason. `slot_first`: AWS is not
    asked while no slot is free, since nothing could be started then.
    """

    missing_job: str | None = None
    slot_first: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckBeforeStart(Question):
    """Before a slot is taken for a start: ask for a pause, and count the copies of others, which share AWS's quota."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectJob(Question):
    """Ask for the state of the copy job that a hop is waiting for."""

    job_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectSource(Question):
    """Describe the recovery point that a hop copies, to learn whether it still exists, and until when."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectArrival(Question):
    """Describe a hop's arrival and its vault's key."""

    point: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyNewer(Question):
    """Look whether a newer copy of this database was verified into the same vault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyKeep(Question):
    """Count the newer verified arrivals of this database in the intermediate's vault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectIntermediate(Question):
    """Describe an intermediate, to learn whether it is still there."""

    point: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOn:
    """Put an arrival on the queue, which has or gets a chain of its own."""

    point: str
    vault: Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSite:
    """Remember how a copy into a site ended: it arrived, or failed by AWS's own fault."""

    site: Site
    has_arrived: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WakeRelatives:
    """Put an older chain of the database back on the queue, since a newer copy has been verified.

    `keep` is how many of the newest intermediates of the database stay.
    """

    keep: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WakeWaiting:
    """Put chains that wait for a slot of a lane back on the queue, since one is free, or was not used."""

    lane: Lane


Command = EffectCommand | Question | HandOn | NoteSite | WakeRelatives | WakeWaiting
