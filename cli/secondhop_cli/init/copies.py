"""Warns about copies that AWS Backup does not make between the chosen Regions, by the doctor's table.

They are warnings and no refusals, because AWS adds Regions and the table can be out of date.
"""

from __future__ import annotations

from collections.abc import Iterator

from secondhop.domain.arn import Site
from secondhop_cli.doctor.availability import refusal
from secondhop_cli.doctor.copy_support import DATE, EVERY_TYPE, PAGE, row_of
from secondhop_cli.init.questions import Answers, accounts_of

ALWAYS_SUPPORTED = "aws"


def copy_warnings(answers: Answers, chosen_types: str) -> Iterator[str]:
    """One warning for each resource type that AWS does not copy, and one for a partition with rules of its own.

    `chosen_types` is the parameter ResourceTypes, if the installation sets it.
    """
    types = [each.strip() for each in chosen_types.split(",") if each.strip()] or list(EVERY_TYPE)
    home = Site(answers["backup_account"], answers["region"])
    dr = Site(answers["backup_account"], answers["dr_region"])
    hops = [(Site(account, home.region), home) for account in accounts_of(answers)[:1]] + [(home, dr)]
    for kind in types:
        for source, destination in hops:
            if reason := refusal(kind, source, destination):
                yield (
                    f"by AWS's page of {DATE}, {kind} is not copied from {source} to {destination}: {reason}. "
                    f"Check {PAGE}, and choose another Region, or leave the type out of ResourceTypes"
                )
    yield from _special_rules(types, home)


def _special_rules(types: list[str], home: Site) -> Iterator[str]:
    rows = {row_of(kind, home.region) for kind in types}
    for row in rows:
        if row is not None and row.partition != ALWAYS_SUPPORTED and row.note:
            yield (
                f"AWS Backup has other rules for cross-account copies and cross-Region copies in {row.partition}: "
                f"{row.note}. Check {PAGE} before you deploy"
            )
