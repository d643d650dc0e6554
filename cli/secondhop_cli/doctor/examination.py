"""The table of checks, and what comes of going through it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from secondhop_cli.doctor import (
    acting,
    administrators,
    assuming,
    availability,
    companions,
    databases,
    events,
    organization,
    retention,
    roles,
    vault_keys,
    vaults,
)
from secondhop_cli.doctor.findings import Finding, NotChecked, Outcome, Severity, UnseenError
from secondhop_cli.doctor.installation import Installation, find_installation
from secondhop_cli.doctor.kinds import KINDS
from secondhop_cli.doctor.sites import Sites
from secondhop_cli.doctor.visit import Visit


@dataclass(frozen=True, slots=True)
class Check:
    """One question, in words, and who answers it."""

    question: str
    look: Callable[[Visit], Iterator[Outcome]]


CHECKS = (
    Check("accounts are in one organization", organization.one_organization),
    Check("cross-account backup is on", organization.cross_account_backup),
    Check("services are opted in", organization.opted_in),
    Check("service-linked roles are there", roles.service_linked_roles),
    Check("vaults are there", vaults.vaults_exist),
    Check("the watched vault lets workloads copy in", vaults.watched_vault_admits),
    Check("the watched vault lets the actor work", vaults.watched_vault_lets_the_actor),
    Check("the DR vault admits the copy role", vaults.dr_vault_admits),
    Check("somebody may change the vaults", administrators.vaults_can_be_changed),
    Check("the watched vault's key admits the copier", vault_keys.watched_vault_key),
    Check("the DR vault's key admits the copier", vault_keys.dr_vault_key),
    Check("AWS Backup makes such copies", availability.copies_are_made),
    Check("plans copy into the watched vault", databases.plans_copy),
    Check("databases' keys admit the copier", databases.database_keys),
    Check("databases can be copied", databases.database_limits),
    Check("roles of first hops are fit", roles.roles_of_first_hops),
    Check("the copy role is fit", roles.copy_role),
    Check("the acting role is fit", acting.actor_is_equipped),
    Check("failed first hops can be repeated", acting.first_hops_can_be_repeated),
    Check("the operator role can be assumed", assuming.operator_can_be_assumed),
    Check("retention fits the DR vault's lock", retention.retention_fits_dr_lock),
    Check("the DR vault is locked as demanded", retention.dr_vault_is_locked),
    Check("retention fits the watched vault's lock", retention.retention_fits_watched_lock),
    Check("intermediates expire before final copies", retention.intermediates_expire_first),
    Check("limits fit the quotas", retention.quotas),
    Check("event rules deliver", events.rules_deliver),
    Check("events reach the main stack", events.events_are_forwarded),
    Check("work is taken up", events.work_is_taken_up),
    Check("queues of failures are empty", events.queues_are_empty),
    Check("the sweep is alive", events.sweep_is_alive),
    Check("versions are alike", companions.versions_alike),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What came of one check. Without findings and with everything seen, it is fine."""

    question: str
    findings: tuple[Finding, ...] = ()
    not_checked: tuple[NotChecked, ...] = ()

    @property
    def is_fine(self) -> bool:
        return not self.findings and not self.not_checked


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """All that was found. `installation` is None where not even the main stack could be seen."""

    installation: Installation | None
    answers: tuple[Answered, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(finding for answer in self.answers for finding in answer.findings)

    @property
    def not_checked(self) -> tuple[NotChecked, ...]:
        return tuple(unseen for answer in self.answers for unseen in answer.not_checked)

    @property
    def failing(self) -> tuple[Finding, ...]:
        return tuple(each for each in self.findings if KINDS[each.kind].severity is Severity.FAILS)


def examine(sites: Sites, *, stack: str, region: str, now: datetime) -> Diagnosis:
    """Go through all checks. Raises NoInstallationError where there is no such main stack."""
    try:
        installation = find_installation(sites, stack=stack, region=region)
    except UnseenError as unseen:
        not_seen = (NotChecked(what=unseen.what, reason=unseen.reason),)
        answers = tuple(Answered(question=check.question, not_checked=not_seen) for check in CHECKS)
        return Diagnosis(installation=None, answers=answers)
    visit = Visit(installation=installation, sites=sites, now=now)
    return Diagnosis(installation=installation, answers=tuple(_answer(check, visit) for check in CHECKS))


def _answer(check: Check, visit: Visit) -> Answered:
    outcomes: list[Outcome] = []
    for outcome in _outcomes(check, visit):
        # Several databases under one key say the same once.
        outcomes += [] if outcome in outcomes else [outcome]
    return Answered(
        question=check.question,
        findings=tuple(each for each in outcomes if isinstance(each, Finding)),
        not_checked=tuple(each for each in outcomes if isinstance(each, NotChecked)),
    )


def _outcomes(check: Check, visit: Visit) -> Iterator[Outcome]:
    try:
        yield from check.look(visit)
    except UnseenError as unseen:
        yield NotChecked(what=unseen.what, reason=unseen.reason)
