"""The copies that AWS Backup supports, by resource type and Region. The doctor and docs/install.md use this table.

The table is a copy of AWS's page with a date, and can be out of date. So a copy that it denies is only a warning.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from secondhop.domain.resource_types import RESOURCE_TYPES, SUPPORT_DATE, SUPPORT_PAGE, ResourceType

HISTORY = "https://docs.aws.amazon.com/aws-backup/latest/devguide/doc-history.html"

PAGE, DATE = SUPPORT_PAGE, SUPPORT_DATE
EVERY_TYPE = tuple(each.name for each in RESOURCE_TYPES)
EVERYWHERE = tuple(each for each in RESOURCE_TYPES if each.opt_in_regions is None)
# https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
ALWAYS_ON = (
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
)
OPT_IN = (
    "af-south-1",
    "ap-east-1",
    "ap-southeast-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "ap-east-2",
    "ap-south-2",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-west-1",
    "eu-central-2",
    "eu-south-1",
    "eu-south-2",
    "mx-central-1",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """AWS's statement about some resource types in some Regions of one partition.

    A copy into another account or Region needs a row that allows it at both ends. `note` is for readers.
    """

    resource_types: tuple[str, ...]
    partition: str
    regions: tuple[str, ...]
    named: str
    cross_account: bool
    cross_region: bool
    note: str = ""
    source: str = PAGE
    date: str = DATE


def _opt_in_rows(kind: ResourceType) -> tuple[Row, ...]:
    """The rows of a type with its own rules for opt-in Regions."""
    reached = kind.opt_in_regions or ()
    others = tuple(each for each in OPT_IN if each not in reached)
    return tuple(
        Row(
            resource_types=(kind.name,),
            partition="aws",
            regions=regions,
            named=named,
            cross_account=cross_account,
            cross_region=cross_region,
        )
        for regions, named, cross_account, cross_region in (
            (ALWAYS_ON, "all that need no opt-in", True, True),
            (reached, ", ".join(reached), False, True),
            (others, "all other opt-in Regions", False, False),
        )
    )


ROWS = (
    Row(
        resource_types=tuple(each.name for each in EVERYWHERE),
        partition="aws",
        regions=(*ALWAYS_ON, *OPT_IN),
        named="all",
        cross_account=True,
        cross_region=True,
        note="; ".join(f"{each.name} {each.support_note}" for each in EVERYWHERE if each.support_note),
    ),
    *(row for each in RESOURCE_TYPES if each.opt_in_regions is not None for row in _opt_in_rows(each)),
    Row(
        resource_types=EVERY_TYPE,
        partition="aws-cn",
        regions=("cn-north-1", "cn-northwest-1"),
        named="all",
        cross_account=True,
        cross_region=True,
        note="between these two Regions only; across accounts since 27 August 2026",
    ),
    Row(
        resource_types=EVERY_TYPE,
        partition="aws-us-gov",
        regions=("us-gov-east-1", "us-gov-west-1"),
        named="all",
        cross_account=True,
        cross_region=True,
        note="between these two Regions only",
    ),
    Row(
        resource_types=EVERY_TYPE,
        partition="aws-eusc",
        regions=("eusc-de-east-1",),
        named="all",
        cross_account=False,
        cross_region=False,
    ),
)


def row_of(resource_type: str, region: str, rows: Iterable[Row] = ROWS) -> Row | None:
    """The table's row for a type in a Region; None if there is none."""
    return next((row for row in rows if resource_type in row.resource_types and region in row.regions), None)


def as_markdown(rows: Iterable[Row] = ROWS) -> str:
    """The table as Markdown, for the documents."""
    columns = ("resource types", "partition", "Regions", "to other accounts", "to other Regions", "note")
    return f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|\n" + "".join(
        f"| {', '.join(row.resource_types)} | `{row.partition}` | {row.named} | {_yes(row.cross_account)} | "
        f"{_yes(row.cross_region)} | {row.note} |\n"
        for row in rows
    )


def _yes(value: bool) -> str:  # noqa: FBT001 - it converts a bool
    return "yes" if value else "no"
