"""Finds the companion stacks by their outputs, and compares their versions with the main stack's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from secondhop.domain.arn import Site
from secondhop_cli.doctor.context import CheckContext, for_each
from secondhop_cli.doctor.findings import Finding, Outcome

# Each template, by an output that only its stack has.
TEMPLATES = {"DrVaultArn": "dr-region.yaml", "CopyRoleArn": "backup-account.yaml", "WorkloadVaultArn": "workload.yaml"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Companion:
    """A stack of one of the templates stacks/*.yaml."""

    template: str
    stack: str
    site: Site
    version: str
    outputs: Mapping[str, str]
    resources: Mapping[str, str]


def companions(context: CheckContext, site: Site) -> tuple[Companion, ...]:
    """The companion stacks of a site. There are none for existing vaults, keys and roles. Raises NotCheckedError."""
    found = []
    for stack in context.api.list_all(site, "cloudformation", "describe_stacks", "Stacks"):
        outputs = {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}
        templates = [template for output, template in TEMPLATES.items() if output in outputs]
        if templates and "StackVersion" in outputs:
            found.append(_companion(context, site, stack["StackName"], templates[0], outputs))
    return tuple(found)


def _companion(context: CheckContext, site: Site, stack: str, template: str, outputs: Mapping[str, str]) -> Companion:
    listed = context.api.list_all(
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


def versions_match(context: CheckContext) -> Iterator[Outcome]:
    """Check that every companion stack has the main stack's version."""
    wanted = context.main_stack.version

    def check(site: Site) -> Iterator[Outcome]:
        for companion in companions(context, site):
            if companion.version != wanted:
                age = "older" if _ordered(companion.version) < _ordered(wanted) else "newer"
                yield Finding(
                    kind="version-differs",
                    site=site,
                    resource=companion.stack,
                    what=f"The companion stack {companion.stack} has version {companion.version}, {age} than "
                    f"{wanted or 'no version'} of the main stack {context.main_stack.name}.",
                    fix=f"Deploy stacks/{companion.template} of version {wanted}. Deploy companion stacks first, and "
                    "the main stack last."
                    if age == "older"
                    else f"Deploy template.yaml of version {companion.version}.",
                )

    yield from for_each(dict.fromkeys(context.main_stack.every_site), check)


def _ordered(version: str) -> tuple[int, ...]:
    """Compare the parts as numbers: 0.10.0 is newer than 0.9.0."""
    return tuple(int(part) if part.isdecimal() else 0 for part in version.split("."))
