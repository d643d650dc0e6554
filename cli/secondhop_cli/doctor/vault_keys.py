"""Checks the KMS keys of the watched vault and the DR vault."""

from __future__ import annotations

from collections.abc import Iterator

from secondhop.domain.arn import Site
from secondhop_cli.doctor.context import CheckContext
from secondhop_cli.doctor.findings import Finding, Outcome
from secondhop_cli.doctor.keys import OWNERS, KeyUse, aliases, check_key, is_managed


def watched_vault_key(context: CheckContext) -> Iterator[Outcome]:
    """First hops write with this key. Second hops read with it, under the copy role."""
    main_stack = context.main_stack
    key_use = KeyUse(
        owner=f"the watched vault {main_stack.watched_vault}",
        destination_account=main_stack.backup_account,
        passed_role=main_stack.copy_role_arn,
    )
    yield from _vault_key(context, main_stack.home, main_stack.watched_vault, key_use, may_be_rds=False)


def dr_vault_key(context: CheckContext) -> Iterator[Outcome]:
    """Second hops write with this key."""
    main_stack = context.main_stack
    key_use = KeyUse(owner=f"the DR vault {main_stack.dr_vault}", destination_account=main_stack.backup_account)
    yield from _vault_key(context, main_stack.dr, main_stack.dr_vault, key_use, may_be_rds=True)


def _vault_key(context: CheckContext, site: Site, name: str, key_use: KeyUse, *, may_be_rds: bool) -> Iterator[Outcome]:
    vault = context.vault(site, name)
    if vault is None or "EncryptionKeyArn" not in vault:
        # A logically air-gapped vault can have a key that AWS owns and does not show.
        return
    key_arn = vault["EncryptionKeyArn"]
    if not is_managed(context, key_arn):
        yield from check_key(context, key_arn, key_use)
        return
    # Inside an account, the AWS managed key of the service is sufficient (devguide/encryption).
    if may_be_rds and OWNERS & set(aliases(context, key_arn)):
        return
    yield Finding(
        kind="vault-key-is-managed",
        site=site,
        resource=vault["BackupVaultArn"],
        what=f"AWS manages the key of {key_use.owner} ({key_arn}).",
        fix="A vault's key cannot be changed. Create a vault with a customer managed key, as "
        "stacks/backup-account.yaml and stacks/dr-region.yaml do, and use that vault.",
    )
