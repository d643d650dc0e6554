"""Every sort of finding: whether a copy would fail of it, and why it matters. docs/doctor.md has a heading for each."""

from __future__ import annotations

from secondhop_cli.doctor.findings import Kind, Severity

FAILS, WARNS = Severity.FAILS, Severity.WARNS

KINDS: dict[str, Kind] = {
    "organization-differs": Kind(
        severity=FAILS, why="AWS Backup copies between accounts of one AWS Organization only."
    ),
    "cross-account-off": Kind(
        severity=FAILS, why="While the organization's setting is off, every copy into another account fails."
    ),
    "opt-in-off": Kind(
        severity=FAILS,
        why="Selections by tag pass over resource types that are not opted in: no backup is made, so none is copied.",
    ),
    "opt-in-off-in-the-backup-account": Kind(
        severity=WARNS, why="AWS asks for the opt-in in every account and Region in which backups are used."
    ),
    "service-linked-role-missing": Kind(
        severity=FAILS, why="AWS Backup's service-linked role of the destination account does the copying."
    ),
    "role-missing": Kind(severity=FAILS, why="The role is named by the installation, and AWS does not know it."),
    "role-not-trusting-backup": Kind(
        severity=FAILS, why="AWS Backup runs a copy under the role that it is passed, and must be able to assume it."
    ),
    "role-not-assumable": Kind(
        severity=FAILS,
        why="The functions act in the backup account by assuming the operator role; without it, nothing moves.",
    ),
    "role-lacks-permission": Kind(
        severity=FAILS, why="A copy is refused, or fails, where one of the roles that take part may not do its part."
    ),
    "vault-missing": Kind(
        severity=FAILS, why="AWS answers every call about a vault that is not there with access denied."
    ),
    "vault-is-default": Kind(severity=FAILS, why="An account's Default vault takes no copies from other accounts."),
    "vault-type-unsupported": Kind(
        severity=FAILS,
        why="Second Hop works with ordinary backup vaults. In a logically air-gapped vault recovery points have other "
        "ARNs and keys, so no copy in it would ever count as verified.",
    ),
    "vault-refuses-copies": Kind(
        severity=FAILS,
        why="The destination vault's access policy must let the copy in; across accounts nothing else can.",
    ),
    "vault-denies-the-actor": Kind(
        severity=FAILS, why="An explicit deny of the vault's policy beats every permission of the role that acts."
    ),
    "vault-administrator-missing": Kind(
        severity=FAILS,
        why="A vault's policy denies changes to every principal but those that it names. If none of them exists, "
        "nobody can deploy a change of the vault.",
    ),
    "vault-key-is-managed": Kind(
        severity=FAILS, why="AWS Backup copies databases only into vaults under a customer managed key."
    ),
    "key-missing": Kind(severity=FAILS, why="What is under a key that does not exist cannot be read or written."),
    "key-not-enabled": Kind(
        severity=FAILS, why="A key that is disabled or pending deletion encrypts and decrypts nothing."
    ),
    "key-refuses-the-copier": Kind(
        severity=FAILS,
        why="The destination account's AWSServiceRoleForBackup reads the source snapshot and writes the copy: both "
        "keys' policies must let it. For databases this is the database's own key, not its vault's.",
    ),
    "key-refuses-the-role": Kind(
        severity=FAILS, why="The role that AWS Backup is passed describes the source's key and grants its use to RDS."
    ),
    "database-key-is-managed": Kind(
        severity=FAILS,
        why="Snapshots under an AWS managed key such as aws/rds cannot be shared with another account: neither by "
        "Second Hop nor by AWS Backup's own copy action across account and Region.",
    ),
    "database-has-bound-options": Kind(
        severity=FAILS,
        why="Persistent and permanent options, TDE for one, bind a snapshot to option groups of its account.",
    ),
    "database-has-too-many-tags": Kind(
        severity=FAILS, why="Copies carry the tags of their source; beyond 50 the copy fails."
    ),
    "database-is-multi-az-cluster": Kind(
        severity=FAILS, why="AWS Backup makes no copies of RDS Multi-AZ DB clusters at all."
    ),
    "database-is-unencrypted": Kind(
        severity=FAILS,
        why="Unencrypted clusters stay unencrypted when they are copied, and strand unless that is allowed.",
    ),
    "role-cannot-delete-its-copies": Kind(
        severity=WARNS,
        why="AWS Backup deletes expired recovery points under the role that made them. Points that it cannot delete "
        "stay as EXPIRED, and you pay for them.",
    ),
    "database-left-out": Kind(
        severity=WARNS,
        why="Its backups stay in the workload account: no rule that selects it copies into the watched vault.",
    ),
    "no-plan-copies": Kind(
        severity=FAILS, why="First hops are made by backup plans; without one nothing arrives in the watched vault."
    ),
    "retention-outside-lock": Kind(
        severity=FAILS, why="A vault lock refuses copies whose retention is outside its range."
    ),
    "lock-weaker-than-demanded": Kind(
        severity=FAILS, why="A copy in a vault that is locked less than demanded never counts as verified, and strands."
    ),
    "copy-not-supported": Kind(
        severity=WARNS,
        why="By AWS's documents of the date in the finding, AWS Backup does not make such copies, and a copy job would "
        "fail. AWS adds Regions, so check the page before you believe it.",
    ),
    "copy-support-unknown": Kind(
        severity=WARNS, why="AWS's documents of the date in the finding do not name this Region or partition."
    ),
    "watched-vault-is-locked": Kind(
        severity=WARNS, why="Intermediates in a locked vault cannot be released; each is paid for until it expires."
    ),
    "intermediate-outlives-final-copy": Kind(
        severity=WARNS,
        why="Second Hop does not delete an intermediate that lives longer than its final copy. You pay for both until "
        "the intermediate expires.",
    ),
    "limit-above-quota": Kind(
        severity=WARNS,
        why="Copies beyond the quota wait or fail and are tried again; they are no safer for having been started.",
    ),
    "rule-off": Kind(
        severity=FAILS, why="Events that no enabled rule delivers start nothing; only the sweep still finds copies."
    ),
    "events-refused": Kind(
        severity=FAILS, why="Events of the backup account reach the functions only through this event bus."
    ),
    "work-not-taken-up": Kind(
        severity=FAILS, why="All work goes over one queue; while no function is invoked with it, nothing happens."
    ),
    "messages-wait": Kind(
        severity=WARNS, why="Work or events that could not be handled lie here until somebody looks at them."
    ),
    "sweep-off": Kind(severity=FAILS, why="The sweep is what finds lost events, due retries and stuck copies."),
    "sweep-silent": Kind(
        severity=FAILS, why="A sweep that does not end finds nothing: neither lost events nor stuck copies."
    ),
    "version-differs": Kind(
        severity=WARNS, why="A companion stack of another version may lack a permission that the main stack relies on."
    ),
}
