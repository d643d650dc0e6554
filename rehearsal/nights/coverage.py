"""Counts how often a run reached each rare branch. A long run that misses one fails.

The counts come from logged decisions, from the calls and the trace of the world, and from the nights' own stand-ins.
Nothing of Second Hop is patched for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from backup_simulator.model import Call, TraceLine

# A mark, and a piece of the reason of a decision that shows it.
REASONS = {
    "a fact that changes nothing was dropped": "changes nothing while",
    "an event of an earlier attempt was dropped": "is an earlier attempt",
    "a fence was held": "nobody repeats that before",
    "a worker woke too late to act": "woke too late to act",
    "an interrupted start was looked for": "looks whether an interrupted start was made",
    "an interrupted start was repeated with its token": "with the same token",
    "a start was not answered": "no answer (",
    "a token named an older job": "the token names the older job",
    "a copy job of other hands was adopted": "adopts copy job",
    "a copy found in the vault was adopted": "found in the destination vault",
    "a copy found in the vault would not do": "will not do",
    "the quota was full": "which is the limit",
    "the database was busy": "another copy of",
    "a back-off was kept": "before the next attempt",
    "a copy was tried again after a failure": "tried again after",
    "copies waited for a site that fails": "one at a time is tried until they arrive",
    "a pause was honoured": "acting is paused by",
    "a delete was accepted, and the point is EXPIRED": "is EXPIRED and still there",
    "a leftover was deleted again": "deletes it again",
    "a release was kept back by the keep rule": "kept: ",
    "a source was not ready": "its source is still CREATING",
    "a stranded hop was tried again after a day": "tries again after a day",
    "an operator's retry was followed": "asked by ",
    "a chain was abandoned": "abandoned by ",
    "an intermediate expired or was deleted by others": "it expired by itself",
    "a backlog was too late": "(TOO_LATE)",
}
# A mark, and the cause that the reason of a stranded hop names.
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
HARDLY_EVER = frozenset({"a token named an older job", "an intermediate expired or was deleted by others"})


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
        reason = entry["reason"]
        for mark, piece in REASONS.items():
            if piece in reason:
                self.counts[mark] += 1
        if "stranded (" in reason:
            self.counts[f"stranded: {reason.partition('stranded (')[2].partition(')')[0]}"] += 1
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
    *(mark for mark in REASONS if mark not in HARDLY_EVER),
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
