"""The open questions about AWS Backup: which ones a run answers, and why it does not answer the others.

The names are those of the simulator's switches (`UnknownBehaviour`). Observations have no switch.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """An open question. `why_not` is empty if a run can answer it."""

    name: str
    asks: str
    how: str = ""
    why_not: str = ""


ANSWERED = (
    Question(
        name="unknown_vault_denied",
        asks="Does AWS deny access to a vault that does not exist, or does it not find it?",
        how="list the recovery points of a vault that does not exist",
    ),
    Question(
        name="token_lifetime",
        asks="How long does StartCopyJob remember a token?",
        how="repeat a call after the first copy and at the end; the answer is a bound, not a time",
    ),
    Question(
        name="token_of_another",
        asks="What does a call with a used token and other parameters get?",
        how="repeat the first call with another retention",
    ),
    Question(
        name="identical_calls_merged_for",
        asks="Do identical calls with different tokens make one job?",
        how="repeat the first call with another token; if they are one job, also after the first copy",
    ),
    Question(
        name="creation_date_inherited",
        asks="Does a copy have the creation date of the original?",
        how="compare the dates of the backup and its first copy",
    ),
    Question(
        name="arrival_is_creating_first",
        asks="Is a copy CREATING for a while after its job is COMPLETED?",
        how="describe the first copy as soon as its job is COMPLETED",
    ),
    Question(
        name="source_vault_shown",
        asks="For which copies does AWS name the vault that they were copied from?",
        how="describe and list a copy across accounts, one across Regions, and one across both",
    ),
    Question(
        name="resource_arn_survives_second_copy",
        asks="Does a copy of a copy name the database as its resource?",
        how="describe and list the second copy and its job",
    ),
    Question(
        name="single_action",
        asks="Does one copy cross account and Region?",
        how="copy the backup to the other account and Region in one job",
    ),
    Question(
        name="initiator_describes_aws_backup_key",
        asks="Who must be allowed to describe the key aws/backup for a copy to another Region?",
        how="copy with a role, and then for a caller, without this permission",
    ),
    Question(
        name="copy_from_asked_of",
        asks="Does the caller of StartCopyJob need CopyFromBackupVault, or only the passed role?",
        how="start a copy as a caller with this permission, and as one without it",
    ),
    Question(
        name="unshare_failure_state",
        asks='What is the state of a job with "Failed to unshare snapshot"?',
        how="delete the role of a first hop while it runs",
    ),
    Question(
        name="delete_during_copy",
        asks="Is the deletion of a recovery point accepted while it is copied?",
        how="delete the source of a copy while it runs",
    ),
    Question(
        name="unfit_source_code",
        asks="Which error does a copy of a point get that is DELETING?",
        how="start a copy of the deleted point",
    ),
    Question(
        name="locked_delete_code",
        asks="Which error does a deletion in a locked vault get?",
        how="lock the run's own vault in governance mode, delete a point, and remove the lock",
    ),
    Question(
        name="delete_leaves_expired",
        asks="Does a permitted deletion leave the point EXPIRED?",
        how="delete the first copy, and follow its status",
    ),
    Question(
        name="delete_asks_the_points_role",
        asks="Must the role of a point be allowed to delete the snapshot?",
        how="delete a second copy that was made with a role without this permission",
    ),
    Question(
        name="destination_sees_copy_events",
        asks="Does the destination of a copy get events about the copy job?",
        how="record the events of all three places in queues",
    ),
    Question(
        name="arrival_event",
        asks="Does the destination of a copy get an event about the new recovery point?",
        how="record the events of all three places in queues",
    ),
)
NOT_ANSWERED = (
    Question(
        name="over_quota",
        asks="What does a copy job do when the quota for snapshot copies is used up?",
        why_not="it needs 21 databases that are copied at the same time",
    ),
    Question(
        name="list_tags_asks_rds",
        asks="Does ListTags of a snapshot also ask the caller for rds:ListTagsForResource?",
        why_not="only the doctor lists tags, and it names the permission that AWS missed",
    ),
    Question(
        name="expiry_asks_the_makers_role",
        asks="Does the expiry of a point need the role that made it?",
        why_not="a point lives at least a day, and expires up to 8 hours later",
    ),
    Question(
        name="multi_az_cluster_fails_later",
        asks="Does the call or the job fail for a Multi-AZ DB cluster?",
        why_not="such a cluster has three instances, and the smallest ones are not small",
    ),
    Question(
        name="events_reach_opt_in_regions",
        asks="Can a rule send events to a bus in an opt-in Region?",
        why_not="it needs a Region that the account must first opt in to, and each of them can differ",
    ),
    Question(
        name="system_error_share",
        asks="How many copy jobs meet an error of AWS's systems?",
        why_not="it needs many jobs over weeks",
    ),
    Question(
        name="system_error_is_long",
        asks="How long do such jobs stay CREATED?",
        why_not="no one can cause such an error",
    ),
    Question(
        name="NumberOfRecoveryPointsCompleted",
        asks="Does this metric count copies, and is it a flow?",
        why_not="it needs a vault that is quiet for days; look at the alarm's metric of an installation",
    ),
    Question(
        name="incremental copies",
        asks="When is a copy incremental, and does a copy in another Region change that?",
        why_not="it needs a large database: times and sizes of a small one do not show it",
    ),
    Question(
        name="API rate limits",
        asks="How many calls per second does AWS Backup accept?",
        why_not="it needs very many calls",
    ),
)
OBSERVATIONS = (
    Question(
        name="destination_lists_inbound_jobs",
        asks="Does ListCopyJobs show a copy job in its destination's account?",
        how="list the jobs there after the first hop",
    ),
    Question(
        name="copy_is_named_by_its_job",
        asks="Is the id of the copy job in the ARN of the copy?",
        how="compare them",
    ),
    Question(
        name="expiry_counts_from_the_original",
        asks="Does the expiry of a copy count from the creation of the original?",
        how="compare DeleteAt of the first copy with the backup's creation date",
    ),
    Question(
        name="role_of_a_copy",
        asks="Which role is the role of a copy across accounts?",
        how="describe the first copy",
    ),
    Question(
        name="message_category",
        asks="How is MessageCategory of a completed job spelled?",
        how="describe the first job",
    ),
)


def question(name: str) -> Question:
    """Raises StopIteration for a name that is not in the tables."""
    return next(each for each in (*ANSWERED, *OBSERVATIONS) if each.name == name)


def listed() -> list[str]:
    """The lines of `--list`."""
    lines = ["A run answers these questions:", ""]
    lines += [f"  {each.name}\n    {each.asks}\n    How: {each.how}." for each in ANSWERED]
    lines += ["", "It also observes these facts:", ""]
    lines += [f"  {each.name}\n    {each.asks}\n    How: {each.how}." for each in OBSERVATIONS]
    lines += ["", "It does not answer these questions:", ""]
    lines += [f"  {each.name}\n    {each.asks}\n    Why not: {each.why_not}." for each in NOT_ANSWERED]
    return lines
