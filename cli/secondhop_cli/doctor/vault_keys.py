"""The keys of the two vaults, of which a copy into each vault needs the one and reads the other."""

from __future__ import annotations

from collections.abc import Iterator

from secondhop.domain.arn import Site
from secondhop_cli.doctor.findings import Finding, Outcome
from secondhop_cli.doctor.keys import OWNERS, Part, aliases, is_managed, usable
from secondhop_cli.doctor.visit import Visit


def watched_vault_key(visit: Visit) -> Iterator[Outcome]:
    """Written by first hops, read by second hops, which are run under the copy role."""
    installation = visit.installation
    part = Part(
        whose=f"the watched vault {installation.watched_vault}",
        copier_account=installation.backup_account,
        passed_role=installation.copy_role_arn,
    )
    yield from _vault_key(visit, installation.home, installation.watched_vault, part, may_be_rds=False)


def dr_vault_key(visit: Visit) -> Iterator[Outcome]:
    """Written by second hops."""
    installation = visit.installation
    part = Part(whose=f"the DR vault {installation.dr_vault}", copier_account=installation.backup_account)
    yield from _vault_key(visit, installation.dr, installation.dr_vault, part, may_be_rds=True)


def _vault_key(visit: Visit, site: Site, name: str, part: Part, *, may_be_rds: bool) -> Iterator[Outcome]:
    vault = visit.vault(site, name)
    if vault is None or "EncryptionKeyArn" not in vault:
        # A logically air-gapped vault may have a key of AWS's own, which nobody sees.
        return
    key_arn = vault["EncryptionKeyArn"]
    if not is_managed(visit, key_arn):
        yield from usable(visit, key_arn, part)
        return
    # Inside an account the managed key of the owning service will do (devguide/encryption).
    if may_be_rds and OWNERS & set(aliases(visit, key_arn)):
        return
    yield Finding(
        kind="vault-key-is-managed",
        site=site,
        resource=vault["BackupVaultArn"],
        what=f"The key of {part.whose} is managed by AWS ({key_arn}).",
        mend="A vault's key cannot be changed: make a vault under a customer managed key (stacks/backup-account.yaml "
        "and stacks/dr-region.yaml do) and name that one.",
    )
