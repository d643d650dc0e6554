"""All kinds of findings: their severity, and why they matter. docs/doctor.md has a heading for each."""

from __future__ import annotations

from secondhop_cli.doctor.findings import Kind, Severity

FAILS, WARNS = Severity.FAILS, Severity.WARNS

KINDS: dict[str, Kind] = {
    "organization-differs": Kind(
        severity=FAILS, why="AWS Backup copies only between accounts of one AWS Organization."
    ),
    "cross-account-off": Kind(
        severity=FAILS, why="While the organization's setting is off, every copy into another account fails."
    ),
    "opt-in-off": Kind(
        severity=FAILS,
        why="Selections by tag skip resource types that are not opted in. Without a backup there is nothing to copy.",
    ),
    "opt-in-off-in-the-backup-account": Kind(
        severity=WARNS, why="AWS requires the opt-in in every account and Region that uses backups."
    ),
    "service-linked-role-missing": Kind(
        severity=FAILS, why="AWS Backup copies under its service-linked role in the destination account."
    ),
    "role-missing": Kind(severity=FAILS, why="The installation uses this role, and it does not exist."),
    "role-not-trusting-backup": Kind(
        severity=FAILS, why="AWS Backup assumes the role that it is passed, and makes the copy with it."
    ),
    "role-not-assumable": Kind(
        severity=FAILS,
        why="The functions assume the operator role to act in the backup account. Without it, they can do nothing.",
    ),
    "role-lacks-permission": Kind(
        severity=FAILS,
        why="AWS refuses the copy, or the copy fails, if one of the roles lacks a permission that it needs.",
    ),
    "vault-missing": Kind(
        severity=FAILS, why="AWS answers every call about a vault that does not exist with access denied."
    ),
    "vault-is-default": Kind(
        severity=FAILS, why="An account's Default vault cannot receive copies from other accounts."
    ),
    "vault-type-unsupported": Kind(
        severity=FAILS,
        why="Second Hop works with ordinary backup vaults. Recovery points in a logically air-gapped vault have "
        "other ARNs and keys, so Second Hop can never verify a copy there.",
    ),
    "vault-denies-copies": Kind(
        severity=FAILS,
        why="The destination vault's access policy must allow copies from another account.",
    ),
    "vault-denies-acting-role": Kind(
        severity=FAILS, why="An explicit deny in the vault's policy overrides every permission of the acting role."
    ),
    "vault-administrator-missing": Kind(
        severity=FAILS,
        why="A vault's policy denies changes to all principals except those that it names. If none of them "
        "exists, no one can deploy a change of the vault.",
    ),
    "vault-key-is-managed": Kind(
        severity=FAILS, why="AWS Backup copies databases only into vaults with a customer managed key."
    ),
    "key-missing": Kind(severity=FAILS, why="Nothing that is encrypted with a missing key can be read or written."),
    "key-not-enabled": Kind(
        severity=FAILS, why="A key that is disabled or pending deletion cannot encrypt or decrypt."
    ),
    "key-denies-service-role": Kind(
        severity=FAILS,
        why="The destination account's AWSServiceRoleForBackup reads the source snapshot and writes the copy, so both "
        "keys' policies must allow it. The source key of a database's snapshot is the database's key, not its vault's.",
    ),
    "key-denies-role": Kind(
        severity=FAILS,
        why="The role that AWS Backup is passed describes the source's key, and grants RDS the use of it.",
    ),
    "database-key-is-managed": Kind(
        severity=FAILS,
        why="No tool can share snapshots under an AWS managed key such as aws/rds with another account. AWS Backup's "
        "own copy action across account and Region cannot either.",
    ),
    "database-has-bound-options": Kind(
        severity=FAILS,
        why="Persistent and permanent options, such as TDE, bind a snapshot to an option group of its account.",
    ),
    "database-has-too-many-tags": Kind(
        severity=FAILS, why="A copy has the tags of its source, and fails with more than 50."
    ),
    "database-is-multi-az-cluster": Kind(severity=FAILS, why="AWS Backup does not copy RDS Multi-AZ DB clusters."),
    "database-is-rds-custom": Kind(
        severity=FAILS,
        why="RDS cannot share snapshots of RDS Custom with another account, so no copy leaves the account.",
    ),
    "database-is-unencrypted": Kind(
        severity=FAILS,
        why="Copies of unencrypted clusters are unencrypted, and their chains strand unless you allow that.",
    ),
    "role-cannot-delete-its-copies": Kind(
        severity=WARNS,
        why="AWS Backup deletes expired recovery points under the role that made them. Points that it cannot delete "
        "stay as EXPIRED, and you pay for them.",
    ),
    "database-not-copied": Kind(
        severity=WARNS,
        why="No rule that selects the database copies into the watched vault, so it has no copies there.",
    ),
    "no-database-selected": Kind(
        severity=FAILS,
        why="The plan runs and selects nothing, so there is no backup and no copy. AWS reports no error for this.",
    ),
    "database-in-no-plan": Kind(
        severity=WARNS, why="A database that no plan selects has no backups of AWS Backup, so it has no copies either."
    ),
    "selection-names-no-database": Kind(
        severity=WARNS, why="AWS Backup accepts any ARN in a selection. If no database has it, nothing is backed up."
    ),
    "schedule-in-database-window": Kind(
        severity=WARNS,
        why="AWS Backup starts no backup in the backup or maintenance window of these databases, or in the hour "
        "before. Such a backup job fails, and without a backup there is no copy.",
    ),
    "no-plan-copies": Kind(
        severity=FAILS, why="Backup plans make first hops. Without one, nothing arrives in the watched vault."
    ),
    "retention-outside-lock": Kind(
        severity=FAILS, why="A vault lock refuses copies with a retention outside its range."
    ),
    "lock-weaker-than-required": Kind(
        severity=FAILS,
        why="A copy in a vault without the required lock never counts as verified, and its chain strands.",
    ),
    "limits-above-the-shared-quota": Kind(
        severity=FAILS,
        why="AWS counts the copies of all installations into one account and Region together. Above the quota, copy "
        "jobs can fail instead of waiting.",
    ),
    "copy-not-supported": Kind(
        severity=WARNS,
        why="By AWS's documents of the date in the finding, AWS Backup does not make such copies, and a copy job would "
        "fail. AWS adds Regions, so check the page first.",
    ),
    "copy-support-unknown": Kind(
        severity=WARNS, why="AWS's documents of the date in the finding do not name this Region or partition."
    ),
    "watched-vault-is-locked": Kind(
        severity=WARNS,
        why="Second Hop cannot delete intermediates in a locked vault. You pay for each until it expires.",
    ),
    "intermediate-outlives-final-copy": Kind(
        severity=WARNS,
        why="Second Hop does not delete an intermediate that lives longer than its final copy. You pay for both until "
        "the intermediate expires.",
    ),
    "limit-above-quota": Kind(
        severity=WARNS,
        why="Copies above the quota wait, or fail and are retried. A higher limit does not make them faster.",
    ),
    "observe-only": Kind(
        severity=WARNS,
        why="With ObserveOnly, Second Hop decides and logs everything. It starts no copy and deletes nothing.",
    ),
    "rule-disabled": Kind(
        severity=FAILS, why="Without an enabled rule no event is delivered, and only the sweep finds copies."
    ),
    "events-denied": Kind(
        severity=FAILS, why="Events of the backup account reach the functions only through this event bus."
    ),
    "work-queue-not-read": Kind(
        severity=FAILS, why="All work is put on one queue. While no function reads it, nothing happens."
    ),
    "messages-in-queue": Kind(
        severity=WARNS, why="Work or events that failed stay in this queue until a person handles them."
    ),
    "sweep-disabled": Kind(severity=FAILS, why="Only the sweep finds lost events, due retries and stuck copies."),
    "sweep-not-completed": Kind(
        severity=FAILS, why="Without completed sweeps, Second Hop does not find lost events or stuck copies."
    ),
    "version-differs": Kind(
        severity=WARNS, why="A companion stack of another version may lack a permission that the main stack needs."
    ),
}
