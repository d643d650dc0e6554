"""The companion stacks around the main one, found by what they put out, and whether their versions are alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from secondhop.domain.arn import Site
from secondhop_cli.doctor.findings import Finding, Outcome
from secondhop_cli.doctor.visit import Visit, over

# An output that only this companion has.
MARKS = {"DrVaultArn": "dr-region.yaml", "CopyRoleArn": "backup-account.yaml", "WorkloadVaultArn": "workload.yaml"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Companion:
    """A stack that was made from one of stacks/*.yaml."""

    template: str
    stack: str
    site: Site
    version: str
    outputs: Mapping[str, str]
    resources: Mapping[str, str]


def companions(visit: Visit, site: Site) -> tuple[Companion, ...]:
    """The companion stacks of a site; none where vaults, keys and roles were brought along. Raises UnseenError."""
    found = []
    for stack in visit.sites.ask_all(site, "cloudformation", "describe_stacks", "Stacks"):
        outputs = {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}
        marks = [template for mark, template in MARKS.items() if mark in outputs]
        if marks and "StackVersion" in outputs:
            found.append(_companion(visit, site, stack["StackName"], marks[0], outputs))
    return tuple(found)


def _companion(visit: Visit, site: Site, stack: str, template: str, outputs: Mapping[str, str]) -> Companion:
    listed = visit.sites.ask_all(
        site, "cloudformation", "list_stack_resources", "StackResourceSummaries", StackName=stack
    )
    return Companion(
        template=template,
        stack=stack,
        site=site,
        version=outputs["StackVersion"],
        outputs=outputs,
        resources={each["LogicalResourceId"]: each.get("PhysicalResourceId", "") for each in listed},
    )


def versions_alike(visit: Visit) -> Iterator[Outcome]:
    """Every companion stack is of the main stack's version."""
    wanted = visit.installation.version

    def look(site: Site) -> Iterator[Outcome]:
        for companion in companions(visit, site):
            if companion.version != wanted:
                age = "older" if _ordered(companion.version) < _ordered(wanted) else "newer"
                yield Finding(
                    kind="version-differs",
                    site=site,
                    resource=companion.stack,
                    what=f"The companion stack {companion.stack} is of version {companion.version}, {age} than the "
                    f"main stack {visit.installation.stack} of {wanted or 'no version'}.",
                    mend=f"Deploy stacks/{companion.template} of version {wanted}: companions first, the main stack "
                    "last."
                    if age == "older"
                    else f"Deploy template.yaml of version {companion.version}.",
                )

    yield from over(dict.fromkeys(visit.installation.every_site), look)


def _ordered(version: str) -> tuple[int, ...]:
    """Numbers compare as numbers: 0.10.0 is newer than 0.9.0."""
    return tuple(int(part) if part.isdecimal() else 0 for part in version.split("."))
