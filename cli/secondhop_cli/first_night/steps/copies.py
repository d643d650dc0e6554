"""Makes a copy across accounts, one across Regions, and one across both, and reads what AWS shows of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError

from secondhop.domain.arn import Site
from secondhop_cli.first_night.documents import COPIER, MAKER
from secondhop_cli.first_night.limits import RETENTION_DAYS
from secondhop_cli.first_night.night import Copy, Made, Night, StepFailedError
from secondhop_cli.first_night.pace import code_of, message_of
from secondhop_cli.first_night.state_file import Kind
from secondhop_cli.first_night.steps.tokens import ask_at_once, the_first_copy

LONGEST_CREATING = timedelta(hours=1)
LONGEST_FOR_LIST = timedelta(minutes=10)
# Described, listed: whether each setting of the switch shows the source vault of a copy.
ACCOUNTS, REGIONS, BOTH = "across accounts", "across Regions", "across both"
SHOWN: dict[str, dict[str, tuple[bool, bool]]] = {
    "as documented": {ACCOUNTS: (False, True), REGIONS: (False, False), BOTH: (True, True)},
    "always": {ACCOUNTS: (True, True), REGIONS: (True, True), BOTH: (True, True)},
    "across accounts": {ACCOUNTS: (True, True), REGIONS: (False, False), BOTH: (True, True)},
    "across accounts and regions": {ACCOUNTS: (False, False), REGIONS: (False, False), BOTH: (True, True)},
    "never": {ACCOUNTS: (False, False), REGIONS: (False, False), BOTH: (False, False)},
}


def make_first(night: Night) -> None:
    """The first hop, with the questions about tokens. Raises StepFailedError, because all else needs this copy."""
    copy, began_at = the_first_copy(night), night.pace.now()
    job_id = night.pace.once_usable(lambda: night.start(copy))
    ask_at_once(night, job_id)
    job = night.until(copy.site, job_id)
    arn = job.get("DestinationRecoveryPointArn", "")
    if job["State"] != "COMPLETED" or not arn:
        raise StepFailedError(f"the first copy is {job['State']}: {job.get('StatusMessage', 'no reason is given')}")
    night.state.add(Kind.POINT, copy.into, arn)
    night.first = Made(copy=copy, job_id=job_id, point_arn=arn, began_at=began_at)
    _look_at_arrival(night, arn)
    _compare_with_original(night, arn)
    _observe_jobs(night, job)


def _look_at_arrival(night: Night, arn: str) -> None:
    """The status of the copy right after its job ended, and then its end."""
    near = night.settings.near
    found = night.point(near, arn)
    status = found["Status"] if found else "not found"
    night.answers.record("arrival_is_creating_first", status=status)
    night.answers.settle("arrival_is_creating_first", status != "COMPLETED")

    def look() -> bool | None:
        point = night.point(near, arn)
        return True if point and point["Status"] in ("COMPLETED", "AVAILABLE") else None

    if night.pace.within(look, "the first copy", longest=LONGEST_CREATING) is None:
        raise StepFailedError("the first copy does not become COMPLETED")


def _compare_with_original(night: Night, arn: str) -> None:
    original = night.point(night.settings.origin, night.backup_arn) or {}
    copy = night.point(night.settings.near, arn) or {}
    created_at, inherited = original.get("CreationDate"), copy.get("CreationDate")
    night.answers.record("creation_date_inherited", original=created_at, copy=inherited)
    if created_at is None or inherited is None:
        night.answers.leave_open("creation_date_inherited", "a creation date is missing in AWS's answer")
        return
    # AWS may round; another creation is many minutes later.
    night.answers.settle("creation_date_inherited", abs(inherited - created_at) < timedelta(minutes=1))
    night.answers.observe("role_of_a_copy", copy.get("IamRoleArn", "none"))
    expiry = copy.get("CalculatedLifecycle", {}).get("DeleteAt")
    if expiry is not None:
        counts = abs(expiry - created_at - timedelta(days=RETENTION_DAYS)) < timedelta(minutes=1)
        night.answers.observe("expiry_counts_from_the_original", counts)


def _observe_jobs(night: Night, job: dict[str, Any]) -> None:
    near = night.settings.near
    arn = night.settings.vault_arn(near)
    listed = night.aws.every(near, "backup", "list_copy_jobs", "CopyJobs", ByDestinationVaultArn=arn)
    ids = {each["CopyJobId"].upper() for each in listed}
    night.answers.observe("destination_lists_inbound_jobs", job["CopyJobId"].upper() in ids)
    copy = job["DestinationRecoveryPointArn"]
    night.answers.observe("copy_is_named_by_its_job", job["CopyJobId"].lower() in copy.lower())
    night.answers.observe("message_category", job.get("MessageCategory", "none"))


def make_second(night: Night) -> None:
    """The second hop: what AWS calls the resource of a copy of a copy."""
    name = "resource_arn_survives_second_copy"
    assert night.first is not None
    copy = _into_far(night, night.first.point_arn, token="second", role=COPIER)  # noqa: S106 - an idempotency token
    job, night.second = night.carried_out(copy)
    if night.second is None:
        raise StepFailedError(f"the second copy is {job['State']}: {job.get('StatusMessage', 'no reason is given')}")
    far, arn = night.settings.far, night.second.point_arn
    shown = (job, night.point(far, arn) or {}, _listed(night, far, arn))
    named = {str(each.get("ResourceArn")) for each in shown}
    night.answers.record(name, resources=sorted(named))
    if named == {night.settings.database_arn}:
        night.answers.settle(name, setting=True)
    elif night.settings.database_arn not in named and None not in named:
        night.answers.settle(name, setting=False)
    else:
        night.answers.leave_open(name, "AWS's answers name different resources")


def _into_far(night: Night, point_arn: str, *, token: str, role: str) -> Copy:
    settings = night.settings
    return Copy(site=settings.near, point_arn=point_arn, into=settings.far, role=role, token=night.token(token))


def make_in_one_action(night: Night) -> str | None:
    """A copy across account and Region in one job; the ARN of the copy."""
    name, settings = "single_action", night.settings
    copy = Copy(
        site=settings.origin,
        point_arn=night.backup_arn,
        into=settings.far,
        role=MAKER,
        token=night.token("single"),
    )
    try:
        job, made = night.carried_out(copy)
    except ClientError as error:
        job, made = {"State": code_of(error), "StatusMessage": message_of(error)}, None
    message = job.get("StatusMessage", "")
    night.answers.record(name, state=job["State"], message=message)
    if made is not None:
        night.answers.settle(name, setting=True)
        return made.point_arn
    if "not supported" in message:
        night.answers.settle(name, setting=False)
    else:
        night.answers.leave_open(name, f"the copy is {job['State']} for another reason: {message}")
    return None


def read_source_vaults(night: Night) -> None:
    """For which of the three kinds of copies AWS names the source vault."""
    name, settings = "source_vault_shown", night.settings
    beyond = make_in_one_action(night)
    found = {
        ACCOUNTS: (settings.near, night.first.point_arn if night.first else None),
        REGIONS: (settings.far, night.second.point_arn if night.second else None),
        BOTH: (settings.far, beyond),
    }
    seen = {kind: _shown(night, site, arn) for kind, (site, arn) in found.items() if arn is not None}
    night.answers.record(name, described_and_listed=seen)
    fitting = [setting for setting, row in SHOWN.items() if all(shown == row[kind] for kind, shown in seen.items())]
    if len(fitting) == 1:
        night.answers.settle(name, fitting[0])
    elif fitting:
        night.answers.leave_open(name, f"these settings fit what was seen: {', '.join(fitting)}")
    else:
        night.answers.leave_open(name, f"no setting of the simulator fits what was seen: {seen}")


def _shown(night: Night, site: Site, arn: str) -> tuple[bool, bool]:
    """Whether the source vault is in the description, and in the list."""
    described = night.point(site, arn) or {}
    listed = _listed(night, site, arn)
    return bool(described.get("SourceBackupVaultArn")), bool(listed.get("SourceBackupVaultArn"))


def _listed(night: Night, site: Site, arn: str) -> dict[str, Any]:
    """The entry of a copy in the list of its vault. Lists can be late. Raises StepFailedError."""

    def look() -> dict[str, Any] | None:
        return next((each for each in night.listed(site) if each["RecoveryPointArn"] == arn), None)

    found = night.pace.within(look, f"{arn} in the list of its vault", longest=LONGEST_FOR_LIST)
    if found is None:
        raise StepFailedError(f"the list of the vault in {site} does not show {arn}")
    return found
