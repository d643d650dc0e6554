"""Names of what a rule decided, for rules that can decide several things. Logs carry them; wording never matters."""

from __future__ import annotations

from enum import StrEnum

from secondhop.domain.classification import Cause


class Outcome(StrEnum):
    """One of several decisions that a rule can take."""

    NO_ROW = "no_row"
    EARLIER_ATTEMPT = "earlier_attempt"
    WOKE_TOO_LATE = "woke_too_late"
    PAUSED = "paused"
    QUOTA_FULL = "quota_full"
    DATABASE_BUSY = "database_busy"
    BACK_OFF_KEPT = "back_off_kept"
    SOURCE_CREATING = "source_creating"
    LIVE_JOB_ADOPTED = "live_job_adopted"
    COPY_IN_VAULT_ADOPTED = "copy_in_vault_adopted"
    COPY_IN_VAULT_REJECTED = "copy_in_vault_rejected"
    START_SEARCHED = "start_searched"
    START_REPEATED = "start_repeated"
    OLD_JOB_NAMED = "old_job_named"
    RETRIED_AFTER_FAILURE = "retried_after_failure"
    RESUMED_AFTER_A_DAY = "resumed_after_a_day"
    KEPT_BY_ROUTE = "kept_by_route"
    DELETE_FENCED = "delete_fenced"
    EXPIRED_LEFTOVER = "expired_leftover"
    LEFTOVER_DELETED_AGAIN = "leftover_deleted_again"
    EXPIRED_BY_ITSELF = "expired_by_itself"


def stranded_for(cause: Cause) -> str:
    """The name of the outcome that a hop is stranded."""
    return f"stranded_for_{cause.lower()}"
