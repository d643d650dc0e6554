"""The table of checks, and the diagnosis that they give."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from secondhop_cli.doctor import (
    acting_role,
    administrators,
    assume_role,
    availability,
    companion_stacks,
    databases,
    events,
    observing,
    organization,
    retention,
    roles,
    sum_of_limits,
    unselected,
    vault_keys,
    vaults,
    windows,
)
from secondhop_cli.doctor.api_calls import ApiCalls
from secondhop_cli.doctor.context import CheckContext
from secondhop_cli.doctor.finding_kinds import KINDS
from secondhop_cli.doctor.findings import Finding, NotChecked, NotCheckedError, Outcome, Severity
from secondhop_cli.doctor.main_stack import MainStack, find_main_stack


@dataclass(frozen=True, slots=True)
class Check:
    """A check: what it checks, in words, and its function."""

    title: str
    run: Callable[[CheckContext], Iterator[Outcome]]


CHECKS = (
    Check("all accounts are in one organization", organization.one_organization),
    Check("cross-account backup is on", organization.cross_account_backup),
    Check("services are opted in", organization.opted_in),
    Check("service-linked roles exist", roles.service_linked_roles),
    Check("vaults exist", vaults.vaults_exist),
    Check("the watched vault allows copies of the workload accounts", vaults.watched_vault_allows_copies),
    Check("the watched vault allows the acting role", vaults.watched_vault_allows_acting_role),
    Check("the DR vault allows the copy role", vaults.dr_vault_allows_copies),
    Check("an administrator can change the vaults", administrators.vaults_can_be_changed),
    Check("the watched vault's key allows copies", vault_keys.watched_vault_key),
    Check("the DR vault's key allows copies", vault_keys.dr_vault_key),
    Check("AWS Backup supports these copies", availability.copies_are_made),
    Check("backup plans copy into the watched vault", databases.plans_copy),
    Check("plans select the databases", unselected.databases_are_selected),
    Check("backups start outside the databases' windows", windows.backups_avoid_windows),
    Check("the databases' keys allow copies", databases.database_keys),
    Check("the databases can be copied", databases.database_limits),
    Check("roles of first hops have their permissions", roles.roles_of_first_hops),
    Check("the copy role has its permissions", roles.copy_role),
    Check("the acting role has its permissions", acting_role.acting_role_permissions),
    Check("failed first hops can be retried", acting_role.first_hops_can_be_retried),
    Check("the operator role can be assumed", assume_role.operator_can_be_assumed),
    Check("retention is within the DR vault's lock", retention.retention_fits_dr_lock),
    Check("the DR vault has the required lock", retention.dr_vault_is_locked),
    Check("retention is within the watched vault's lock", retention.retention_fits_watched_lock),
    Check("intermediates expire before final copies", retention.intermediates_expire_first),
    Check("limits are within the quotas", retention.quotas),
    Check("all main stacks together are within the quotas", sum_of_limits.limits_together),
    Check("Second Hop starts copies", observing.installation_acts),
    Check("event rules deliver", events.rules_deliver),
    Check("events reach the main stack", events.events_are_forwarded),
    Check("the work queue is read", events.work_queue_is_read),
    Check("queues for failures are empty", events.queues_are_empty),
    Check("the sweep runs", events.sweep_runs),
    Check("versions of all stacks match", companion_stacks.versions_match),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """The result of one check. It is fine if there is no finding and everything was checked."""

    title: str
    findings: tuple[Finding, ...] = ()
    not_checked: tuple[NotChecked, ...] = ()

    @property
    def is_fine(self) -> bool:
        return not self.findings and not self.not_checked


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """The results of all checks. `main_stack` is None if the main stack could not be read."""

    main_stack: MainStack | None
    results: tuple[CheckResult, ...]
    error: str = ""
    """Why the main stack could not be read."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(finding for result in self.results for finding in result.findings)

    @property
    def not_checked(self) -> tuple[NotChecked, ...]:
        return tuple(each for result in self.results for each in result.not_checked)

    @property
    def failing(self) -> tuple[Finding, ...]:
        return tuple(each for each in self.findings if KINDS[each.kind].severity is Severity.FAILS)


def examine(
    api: ApiCalls,
    *,
    stack: str,
    region: str,
    now: datetime,
    progress: Callable[[int, str], None] = lambda _number, _title: None,
) -> Diagnosis:
    """Run all checks; `progress` is called before each. Raises NoMainStackError if there is no such main stack."""
    try:
        main_stack = find_main_stack(api, stack=stack, region=region)
    except (NotCheckedError, LookupError) as error:
        not_checked = _not_checked(f"the main stack {stack} in {region}", error)
        nothing = tuple(CheckResult(title=check.title, not_checked=(not_checked,)) for check in CHECKS)
        return Diagnosis(main_stack=None, results=nothing, error=not_checked.reason)
    context = CheckContext(main_stack=main_stack, api=api, now=now)
    results = []
    for number, check in enumerate(CHECKS, start=1):
        progress(number, check.title)
        results.append(_run(check, context))
    return Diagnosis(main_stack=main_stack, results=tuple(results))


def _run(check: Check, context: CheckContext) -> CheckResult:
    outcomes: list[Outcome] = []
    for outcome in _outcomes(check, context):
        # Several databases with one key give the same finding once.
        outcomes += [] if outcome in outcomes else [outcome]
    return CheckResult(
        title=check.title,
        findings=tuple(each for each in outcomes if isinstance(each, Finding)),
        not_checked=tuple(each for each in outcomes if isinstance(each, NotChecked)),
    )


def _outcomes(check: Check, context: CheckContext) -> Iterator[Outcome]:
    try:
        yield from check.run(context)
    except (NotCheckedError, LookupError) as error:
        yield _not_checked(check.title, error)


def _not_checked(what: str, error: NotCheckedError | LookupError) -> NotChecked:
    """A check ends with LookupError if an answer lacks a member that AWS's answers have."""
    if isinstance(error, NotCheckedError):
        return NotChecked(what=error.what, reason=error.reason)
    return NotChecked(what=what, reason=f"an answer lacks what AWS's answers have ({type(error).__name__}: {error})")
