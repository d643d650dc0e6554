"""What AWS does where its documents do not say. Each switch is one open question; the default is the likeliest answer.

A system that is right for every setting of every switch is right whatever AWS turns out to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class OverQuota(StrEnum):
    """What a copy job does when the destination Region's snapshot-copy quota is used up."""

    QUEUES = "queues"
    FAILS = "fails"


class DeleteDuringCopy(StrEnum):
    """What DeleteRecoveryPoint does to a point that a running job copies."""

    REFUSED = "refused"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownBehaviour:
    """The settings of a world.

    over_quota: no page says what AWS Backup does at the limits of 20 and 5; "too many copy jobs" texts exist.
    token_lifetime: no page says for how long StartCopyJob remembers an IdempotencyToken; None is for ever.
    delete_during_copy: RDS says that it can make the copy fail; no page says whether AWS Backup refuses it.
    unshare_failure_state: the state that comes with "Failed to unshare snapshot" (create-cross-account-backup).
    creation_date_inherited: recov-point-create-a-copy says yes; False tests those who lean on it.
    destination_sees_copy_events: nobody listens for Copy Job events in the destination; four projects forward them.
    arrival_event: one AWS sample is triggered by a Recovery Point event in the destination; no page promises it.
    delete_leaves_expired: "deleted" points without permission stay as EXPIRED (deleting-backups).
    unknown_vault_denied: DescribeRecoveryPoint on an unknown vault is known to answer AccessDenied; others likely.
    """

    over_quota: OverQuota = OverQuota.QUEUES
    token_lifetime: timedelta | None = timedelta(hours=24)
    delete_during_copy: DeleteDuringCopy = DeleteDuringCopy.REFUSED
    unshare_failure_state: str = "COMPLETED"
    creation_date_inherited: bool = True
    destination_sees_copy_events: bool = False
    arrival_event: bool = True
    delete_leaves_expired: bool = False
    unknown_vault_denied: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How unreliable EventBridge is. Probabilities from 0 to 1; delays are drawn evenly up to the batch.

    AWS Backup emits "best effort, every 5 minutes" (devguide/eventbridge): late, twice, out of order, or never.
    """

    batch: timedelta = timedelta(minutes=5)
    duplicate: float = 0.0
    loss: float = 0.0
    reorder: float = 0.0
    list_lag: timedelta = timedelta(seconds=5)
