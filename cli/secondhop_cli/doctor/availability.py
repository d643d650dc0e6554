"""Whether AWS Backup makes the copies of this installation at all, as far as AWS's documents say."""

from __future__ import annotations

from collections.abc import Iterator

from secondhop.domain.arn import Site
from secondhop_cli.doctor.copy_support import DATE, PAGE, Row, row_of
from secondhop_cli.doctor.findings import Finding, Outcome
from secondhop_cli.doctor.visit import Visit


def copies_are_made(visit: Visit) -> Iterator[Outcome]:
    """Both hops, for each resource type."""
    installation = visit.installation
    home, dr = installation.home, installation.dr
    for kind in installation.resource_types:
        for site in installation.workloads:
            yield from _judged(kind, site, home)
        yield from _judged(kind, home, dr)


def refusal(resource_type: str, source: Site, destination: Site) -> str:
    """Why AWS Backup makes no such copy, by the table; empty if it does, or if the table does not know."""
    ends = {site.region: row_of(resource_type, site.region) for site in (source, destination)}
    rows: dict[str, Row] = {region: row for region, row in ends.items() if row is not None}
    if source.account != destination.account and (not_there := [each for each in rows if not rows[each].cross_account]):
        return f"not to or from other accounts in {', '.join(not_there)}"
    if source.region != destination.region and (not_there := [each for each in rows if not rows[each].cross_region]):
        return f"not to or from other Regions in {', '.join(not_there)}"
    return ""


def unknown_regions(resource_type: str, source: Site, destination: Site) -> list[str]:
    """The Regions of a copy that the table does not have, once each."""
    regions = dict.fromkeys((source.region, destination.region))
    return [region for region in regions if row_of(resource_type, region) is None]


def _judged(resource_type: str, source: Site, destination: Site) -> Iterator[Outcome]:
    if source == destination:
        return
    check = f"Check AWS's page: {PAGE}."
    if reason := refusal(resource_type, source, destination):
        yield Finding(
            kind="copy-not-supported",
            site=source,
            resource=resource_type,
            what=f"By AWS's page of {DATE}, {resource_type} is not copied from {source} to {destination}: {reason}.",
            mend=f"{check} If it still says so, take the type out of the main stack's ResourceTypes, or choose another "
            "Region.",
        )
    elif unknown := unknown_regions(resource_type, source, destination):
        yield Finding(
            kind="copy-support-unknown",
            site=source,
            resource=resource_type,
            what=f"AWS's page of {DATE} does not name {', '.join(unknown)}, so it is not known whether {resource_type} "
            f"is copied from {source} to {destination}.",
            mend=f"{check} If it names the Region with a tick for this copy, ignore this warning.",
        )
