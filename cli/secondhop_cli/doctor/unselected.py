"""Checks that the plans that copy select databases, and says why a database is in no plan."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from secondhop.domain.arn import Site
from secondhop_cli.doctor.context import CheckContext, for_each
from secondhop_cli.doctor.databases_and_plans import Database, Rule, databases, first_hop_rules, rules
from secondhop_cli.doctor.findings import Finding, Outcome
from secondhop_cli.doctor.selections import mistyped, reasons, wanted_tags

# The most databases that a finding names.
NAMED = 5


def databases_are_selected(context: CheckContext) -> Iterator[Outcome]:
    """Check that each plan that copies selects a database, and list the databases that are in no plan."""

    def check(site: Site) -> Iterator[Outcome]:
        first_hops = first_hop_rules(context, site)
        found = databases(context, site)
        if first_hops and found and not any(rule.selects(each) for rule in first_hops for each in found):
            yield _nothing_selected(site, first_hops, found)
        yield from _mistyped(site, first_hops, found)
        everywhere = rules(context, site)
        left_out = [each for each in found if not any(rule.selects(each) for rule in everywhere)]
        yield from _left_out(site, first_hops, left_out)

    yield from for_each(context.main_stack.workloads, check)


def _nothing_selected(site: Site, first_hops: tuple[Rule, ...], found: tuple[Database, ...]) -> Finding:
    plans = ", ".join(dict.fromkeys(rule.plan for rule in first_hops))
    tag = _first_tag(first_hops)
    return Finding(
        kind="no-database-selected",
        site=site,
        resource=f"backup plans of {site.account}",
        what=f"The plan {plans} copies into the watched vault, and selects none of the {len(found)} databases in "
        f"{site.region}: {_enumerated([each.name for each in found])}.",
        fix=f"Give each database that you want to copy the tag {tag[0]}={tag[1]}, or change the plan's selection.",
        command=_add_tag(found[0], tag),
    )


def _mistyped(site: Site, first_hops: tuple[Rule, ...], found: tuple[Database, ...]) -> Iterator[Finding]:
    """A finding for each ARN of a selection that is no database, but nearly one."""
    for rule in first_hops:
        for selection in rule.selections:
            for arn in mistyped(selection, [each for each in found if not rule.selects(each)]):
                if any(each.arn == arn for each in found):
                    continue
                meant = next(each for each in found if arn in mistyped(selection, [each]))
                yield Finding(
                    kind="selection-names-no-database",
                    site=site,
                    resource=f"backup plan {rule.plan}",
                    what=f"A selection of the plan {rule.plan} names {arn}. There is no such database. The ARN of "
                    f"{meant.name} is {meant.arn}.",
                    fix="Create a selection with the right ARN, and delete the old selection.",
                    command=_select_instead(site, rule, selection, {arn: meant.arn}),
                )


def _left_out(site: Site, first_hops: tuple[Rule, ...], left_out: list[Database]) -> Iterator[Finding]:
    without_reason = []
    for database in left_out:
        why = [reason for rule in first_hops for reason in reasons(rule, database)]
        if not why:
            without_reason.append(database)
            continue
        yield Finding(
            kind="database-in-no-plan",
            site=site,
            resource=database.arn,
            what=f"No backup plan selects {database.name}: {'; '.join(dict.fromkeys(why))}.",
            fix="If it should be copied, give it the exact tag of the plan, or correct the plan's selection.",
            command=_add_tag(database, _tag_for(first_hops, database)),
        )
    if first_hops and without_reason:
        tag = _first_tag(first_hops)
        names = _enumerated([each.name for each in without_reason])
        yield Finding(
            kind="database-in-no-plan",
            site=site,
            resource=without_reason[0].arn if len(without_reason) == 1 else f"databases of {site.account}",
            what=f"No backup plan selects {names}: no tag and no ARN of a selection matches.",
            fix=f"If they should be copied, give them the tag {tag[0]}={tag[1]}, or select them in a plan.",
            command=_add_tag(without_reason[0], tag),
        )


def _tag_for(first_hops: tuple[Rule, ...], database: Database) -> tuple[str, str]:
    """The tag of a plan that the database nearly has, or the first tag of a plan."""
    names = {name.strip().lower() for name in database.tags}
    near = [tag for tag in _tags(first_hops) if tag[0].strip().lower() in names]
    return near[0] if near else _first_tag(first_hops)


def _first_tag(first_hops: tuple[Rule, ...]) -> tuple[str, str]:
    """The tag by which the plans select; the one of stacks/workload.yaml if they select by ARN only."""
    return next(_tags(first_hops), ("Backup", "True"))


def _tags(first_hops: tuple[Rule, ...]) -> Iterator[tuple[str, str]]:
    return (tag for rule in first_hops for selection in rule.selections for tag in wanted_tags(selection))


def _add_tag(database: Database, tag: tuple[str, str]) -> str:
    return (
        f"aws rds add-tags-to-resource --region {database.site.region} --resource-name {database.arn} --tags "
        f"{shlex.quote(f'Key={tag[0]},Value={tag[1]}')}"
    )


def _select_instead(site: Site, rule: Rule, selection: Mapping[str, Any], right: Mapping[str, str]) -> str:
    resources = [right.get(each, each) for each in selection["Resources"]]
    corrected = {**selection, "SelectionName": f"{selection['SelectionName'][:40]}-2", "Resources": resources}
    return (
        f"aws backup create-backup-selection --region {site.region} --backup-plan-id {rule.plan_id} "
        f"--backup-selection {shlex.quote(json.dumps(corrected))}"
    )


def _enumerated(names: list[str]) -> str:
    """The first names. An account can have hundreds of databases."""
    others = f" and {len(names) - NAMED} others" if len(names) > NAMED else ""
    return f"{', '.join(sorted(names)[:NAMED])}{others}"
