"""Checks whether AWS Backup supports the copies of this installation, by AWS's documents."""

from __future__ import annotations

from collections.abc import Iterator

from secondhop.domain.arn import Site
from secondhop_cli.doctor.context import CheckContext
from secondhop_cli.doctor.copy_support import DATE, PAGE, Row, row_of
from secondhop_cli.doctor.findings import Finding, Outcome


def copies_are_made(context: CheckContext) -> Iterator[Outcome]:
    """Check both hops of each resource type."""
    main_stack = context.main_stack
    home, dr = main_stack.home, main_stack.dr
    for kind in main_stack.resource_types:
        for site in main_stack.workloads:
            yield from _evaluated(kind, site, home)
        yield from _evaluated(kind, home, dr)


def refusal(resource_type: str, source: Site, destination: Site) -> str:
    """Why AWS Backup does not make this copy, by the table. Empty if it does, or if the table does not say."""
    ends = {site.region: row_of(resource_type, site.region) for site in (source, destination)}
    rows: dict[str, Row] = {region: row for region, row in ends.items() if row is not None}
    if source.account != destination.account and (not_there := [each for each in rows if not rows[each].cross_account]):
        return f"not to or from other accounts in {', '.join(not_there)}"
    if source.region != destination.region and (not_there := [each for each in rows if not rows[each].cross_region]):
        return f"not to or from other Regions in {', '.join(not_there)}"
    return ""


def unknown_regions(resource_type: str, source: Site, destination: Site) -> list[str]:
    """The Regions of a copy that are not in the table."""
    regions = dict.fromkeys((source.region, destination.region))
    return [region for region in regions if row_of(resource_type, region) is None]


def _evaluated(resource_type: str, source: Site, destination: Site) -> Iterator[Outcome]:
    if source == destination:
        return
    check = f"Check AWS's page: {PAGE}."
    if reason := refusal(resource_type, source, destination):
        yield Finding(
            kind="copy-not-supported",
            site=source,
            resource=resource_type,
            what=f"By AWS's page of {DATE}, AWS Backup does not copy {resource_type} from {source} to "
            f"{destination}: {reason}.",
            fix=f"{check} If it still says so, remove the type from ResourceTypes of the main stack, or choose another "
            "Region.",
        )
    elif unknown := unknown_regions(resource_type, source, destination):
        yield Finding(
            kind="copy-support-unknown",
            site=source,
            resource=resource_type,
            what=f"AWS's page of {DATE} does not name {', '.join(unknown)}, so it is not known whether AWS Backup "
            f"copies {resource_type} from {source} to {destination}.",
            fix=f"{check} If it names the Region with a tick for this copy, ignore this warning.",
        )
