"""Counts how often a run reached each rare branch. A long run that misses one fails.

The counts come from the names of rules in logged decisions, from the calls and the trace of the world, and from the
nights' own stand-ins. Nothing of Second Hop is patched for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from backup_simulator.model import Call, TraceLine

# A mark, and the names of the rules and outcomes that show it, as decisions log them.
RULES = {
    "a fact that changes nothing was dropped": ("no_row",),
    "an event of an earlier attempt was dropped": ("earlier_attempt",),
    "a fence was held": ("delete_fenced",),
    "a worker woke too late to act": ("woke_too_late",),
    "an interrupted start was looked for": ("start_searched",),
    "an interrupted start was repeated with its token": ("start_repeated",),
    "a start was not answered": ("keep_unanswered_start",),
    "a token named an older job": ("old_job_named",),
    "a copy job of other hands was adopted": ("live_job_adopted",),
    "a copy found in the vault was adopted": ("copy_in_vault_adopted",),
    "a copy found in the vault would not do": ("copy_in_vault_rejected",),
    "the quota was full": ("quota_full",),
    "the database was busy": ("database_busy",),
    "a back-off was kept": ("back_off_kept",),
    "a copy was tried again after a failure": ("retried_after_failure",),
    "copies waited for a site that fails": ("wait_for_the_site",),
    "a pause was honoured": ("paused",),
    "a delete was accepted, and the point is EXPIRED": ("expired_leftover", "leftover_deleted_again"),
    "a leftover was deleted again": ("leftover_deleted_again",),
    "a release was kept back by the keep rule": ("kept_by_route",),
    "a source was not ready": ("source_creating",),
    "a stranded hop was tried again after a day": ("resumed_after_a_day",),
    "an operator's retry was followed": ("resume_for_operator",),
    "a chain was abandoned": ("abandon_for_operator",),
    "an intermediate expired or was deleted by others": ("expired_by_itself",),
    "a backlog was too late": ("stranded_for_too_late",),
    "a look before the delete stopped it": ("doubt_the_copy",),
}
STRANDED = "stranded_for_"
# The causes that hops must have been stranded for.
CAUSES = (
    "ORGANIZATION",
    "VAULT_POLICY",
    "VAULT_KEY",
    "SOURCE_KEY",
    "AWS_MANAGED_KEY",
    "RETENTION_RANGE",
    "OPTION_GROUP",
    "TAGS",
    "PERMISSION",
    "ROLE",
    "UNSUPPORTED",
    "UNKNOWN",
    "UNENCRYPTED",
)
# Counted, and not demanded: lists would have to lag by more than a fence, or a night to last for weeks.
HARDLY_EVER = frozenset(
    {
        "a token named an older job",
        "an intermediate expired or was deleted by others",
        "a look before the delete stopped it",
    }
)


class Coverage:
    """Counts the branches that a night reaches."""

    def __init__(self, counts: Counter[str]) -> None:
        self.counts = counts
        self._jobs: set[str] = set()

    def hear_log(self, entry: Mapping[str, Any]) -> None:
        """Count one line that a function logged."""
        match entry.get("message"):
            case "decision":
                self._hear_decision(entry)
            case "swept" if entry.get("missing"):
                self.counts["the sweep rescued a lost event"] += entry["missing"]
            case "swept" if entry.get("skipped"):
                self.counts["a sweep made way for another one"] += 1
            case "swept" if entry.get("failed_first_hops"):
                self.counts["the sweep found a failed first hop"] += entry["failed_first_hops"]
            case "work is not done and comes back":
                self.counts[f"work came back: {entry['kind']}"] += 1
            case "work cannot be read and goes to the dead-letter queue":
                self.counts["unreadable work was sent to the dead-letter queue"] += 1

    def _hear_decision(self, entry: Mapping[str, Any]) -> None:
        rules = entry["rules"]
        for mark, names in RULES.items():
            self.counts[mark] += any(name in rules for name in names)
        for name in rules:
            if name.startswith(STRANDED):
                self.counts[f"stranded: {name.removeprefix(STRANDED).upper()}"] += 1
        if entry["after"] != entry.get("before"):
            self.counts[f"state: {entry['after']}"] += 1

    def hear_call(self, call: Call) -> None:
        """Count one call of AWS."""
        if call.operation == "StartCopyJob" and call.reply:
            is_known = call.reply["CopyJobId"] in self._jobs
            self.counts["AWS answered a known token with its job, and did nothing"] += is_known
            self._jobs.add(call.reply["CopyJobId"])

    def hear_trace(self, line: TraceLine) -> None:
        """Count one line of the world's trace."""
        if line.kind in ("event lost", "asleep", "denied", "schedule failed"):
            self.counts[f"world: {line.kind}"] += 1
        if line.kind == "function failed" and "ProcessDied" in line.text:
            self.counts["world: a process died"] += 1


# Of hostile nights: the drawn fields, the faults that happened, and the changes that people made.
DRAWS = (
    "short pages",
    "partial answers",
    "odd codes per hour",
    "key faults per hour",
    "missing fields",
    "late points",
    "lifecycle changes per hour",
    "copies back per hour",
    "settings changes",
    "second plan",
    "lengthens final copies",
    "shortens a final copy",
    "empties the dr vault",
    "has lonely failing database",
    "runs until all is gone",
    "hangs per hour",
    "unreadable per hour",
    "garbled per hour",
    "blocked heads",
    "kills late functions",
)
FAULTS = (
    "a page was short",
    "an entry of a batch failed",
    "fields of a point were missing",
    "a point was not shown at first",
    "a question about a key was refused",
    "a key was disabled",
    "a key waited for its deletion",
    "a service hung, no connection",
    "a service hung, no answer",
    "a service hung, answers are lost",
    "an item could not be read",
    "an answer could not be read",
    "the first chain of a queue was blocked",
)
PEOPLE = (
    "copied a final copy back, its arrival exists",
    "copied a final copy back, its arrival is deleted",
    "lengthened an intermediate",
    "shortened an intermediate",
    "lengthened a final copy",
    "shortened a final copy",
    "emptied the DR vault",
    "changed RetentionDays",
)
DEMANDED = (
    *(mark for mark in RULES if mark not in HARDLY_EVER),
    *(f"stranded: {cause}" for cause in CAUSES),
    *(f"state: {state}" for state in ("COMPLETE", "STRANDED", "TOO_LATE", "ABANDONED", "RELEASING")),
    "the sweep rescued a lost event",
    "the sweep found a failed first hop",
    "a sweep made way for another one",
    "AWS answered a known token with its job, and did nothing",
    "a write lost a race against another one",
    "unreadable work was sent to the dead-letter queue",
    "work came back: TryAgainError",
    "the operator paused, and resumed",
    "the operator copied by hand",
    "a dead letter was redriven",
    "a table was lost",
    "a table was rolled back",
    "two installations shared a vault",
    "a final copy was deleted by hand",
    "no sweep ran for a month",
    "stranded: VANISHED",
    "a night in DynamoDB",
    "a night in moto's DynamoDB",
    "a night with boto3's own clients",
    "world: event lost",
    "world: asleep",
    "world: a process died",
    "world: schedule failed",
    *(f"drawn: {name}" for name in DRAWS),
    *(f"fault: {what}" for what in FAULTS),
    *(f"people: {what}" for what in PEOPLE),
)
"""The branches that a long run must reach."""


def never_visited(counts: Counter[str]) -> list[str]:
    """The branches that a long run must reach and did not."""
    return [mark for mark in DEMANDED if not counts[mark]]
