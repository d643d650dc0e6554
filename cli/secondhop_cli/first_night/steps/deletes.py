"""Deletes recovery points of the run: while they are copied, in a locked vault, and without the role's permission."""

from __future__ import annotations

from datetime import timedelta

from botocore.exceptions import ClientError

from secondhop.domain.arn import Site
from secondhop_cli.first_night.documents import COPIER
from secondhop_cli.first_night.limits import ONE_MORE_DAY
from secondhop_cli.first_night.night import Copy, Night
from secondhop_cli.first_night.pace import PASSING, code_of, message_of
from secondhop_cli.first_night.state_file import Kind

LONGEST_FOR_DELETE = timedelta(hours=1)
UNFIT = ("DELETING", "EXPIRED")


def ask_unknown_vault(night: Night) -> None:
    """A vault that does not exist: not found, or denied."""
    name = "unknown_vault_denied"
    try:
        night.aws(night.settings.near, "backup").list_recovery_points_by_backup_vault(
            BackupVaultName=f"{night.settings.vault}-none"
        )
    except ClientError as error:
        night.answers.record(name, error=code_of(error), message=message_of(error))
        if code_of(error).startswith("AccessDenied"):
            night.answers.settle(name, setting=True)
        elif code_of(error) == "ResourceNotFoundException":
            night.answers.settle(name, setting=False)
        else:
            night.answers.leave_open(name, f"AWS answered {code_of(error)}")
    else:
        night.answers.leave_open(name, "AWS answered without an error")


def delete_during_copy(night: Night) -> None:
    """Delete the source of a copy that runs. Then start another copy of it."""
    name, settings = "delete_during_copy", night.settings
    assert night.first is not None
    spare = next((arn for arn in _of_first_hops(night) if arn != night.first.point_arn), None)
    if spare is None:
        night.answers.leave_open(name, "no second copy arrived in the vault")
        night.answers.leave_open("unfit_source_code", "no second copy arrived in the vault")
        return
    copy = Copy(site=settings.near, point_arn=spare, into=settings.far, role=COPIER, token=night.token("during"))
    job_id = night.start(copy)
    if night.until(copy.site, job_id, ("RUNNING",))["State"] != "RUNNING":
        night.answers.leave_open(name, "the copy was over before its source was deleted")
    else:
        _delete_while_it_runs(night, copy)
    if _is_unfit(night, copy.site, spare):
        _copy_unfit(night, spare)
    night.until(copy.site, job_id)
    if "unfit_source_code" not in {*night.answers.settings, *night.answers.open}:
        night.delete(copy.site, spare)
        _copy_unfit(night, spare)


def _of_first_hops(night: Night) -> list[str]:
    usable = ("COMPLETED", "AVAILABLE")
    return [each["RecoveryPointArn"] for each in night.listed(night.settings.near) if each["Status"] in usable]


def _delete_while_it_runs(night: Night, copy: Copy) -> None:
    name = "delete_during_copy"
    try:
        night.delete(copy.site, copy.point_arn)
    except ClientError as error:
        night.answer_by_refusal(name, error)
    else:
        night.answers.record(name, is_accepted=True)
        night.answers.settle(name, "accepted")


def _is_unfit(night: Night, site: Site, arn: str) -> bool:
    found = night.point(site, arn)
    return found is not None and found["Status"] in UNFIT


def _copy_unfit(night: Night, arn: str) -> None:
    """StartCopyJob on a point that is being deleted. The point must still exist after the call."""
    name, settings = "unfit_source_code", night.settings
    copy = Copy(
        site=settings.near, point_arn=arn, into=settings.far, role=COPIER, token=night.token("unfit"), days=ONE_MORE_DAY
    )
    if not _is_unfit(night, copy.site, arn):
        night.answers.leave_open(name, "the point was deleted before a copy could be started")
        return
    try:
        job_id = night.start(copy)
    except ClientError as error:
        night.answers.record(name, error=code_of(error), message=message_of(error))
        if _is_unfit(night, copy.site, arn):
            night.answers.settle(name, code_of(error))
        else:
            night.answers.leave_open(name, "the point was deleted before a copy could be started")
        return
    job = night.until(copy.site, job_id)
    night.answers.leave_open(name, f"AWS accepted the copy, and it ended {job['State']}")


def delete_in_locked_vault(night: Night) -> None:
    """Lock the vault of second hops in governance mode, which can be undone, and delete a point there."""
    name, far = "locked_delete_code", night.settings.far
    if night.second is None:
        night.answers.leave_open(name, "there is no second copy")
        return
    client = night.aws(far, "backup")
    lock = night.state.add(Kind.LOCK, far, night.settings.vault)
    # Without ChangeableForDays the lock is in governance mode. Never set it here: it could not be removed.
    client.put_backup_vault_lock_configuration(BackupVaultName=night.settings.vault, MinRetentionDays=1)
    try:
        night.delete(far, night.second.point_arn)
    except ClientError as error:
        night.answers.record(name, error=code_of(error), message=message_of(error))
        if code_of(error) in PASSING:
            night.answers.leave_open(name, f"AWS answered {code_of(error)}")
        else:
            night.answers.settle(name, code_of(error))
    else:
        night.answers.leave_open(name, "AWS accepted the deletion")
    finally:
        client.delete_backup_vault_lock_configuration(BackupVaultName=night.settings.vault)
    night.state.remove(lock)


def delete_without_the_right(night: Night) -> None:
    """Delete a copy from another account, and one that a role made that may not delete snapshots."""
    settings = night.settings
    plain = _end_of_delete(night, settings.near, night.first.point_arn if night.first else None)
    night.answers.record("delete_leaves_expired", status=plain)
    if plain not in ("EXPIRED", "removed"):
        for name in ("delete_leaves_expired", "delete_asks_the_points_role"):
            night.answers.leave_open(name, f"the first copy is {plain} after its deletion")
        return
    night.answers.settle("delete_leaves_expired", plain == "EXPIRED")
    name = "delete_asks_the_points_role"
    if plain == "EXPIRED":
        night.answers.leave_open(name, "every deletion leaves its point EXPIRED")
        return
    without = _end_of_delete(night, settings.far, night.second.point_arn if night.second else None)
    night.answers.record(name, status=without)
    if without in ("EXPIRED", "removed"):
        night.answers.settle(name, without == "EXPIRED")
    else:
        night.answers.leave_open(name, f"the second copy is {without} after its deletion")


def _end_of_delete(night: Night, site: Site, arn: str | None) -> str:
    """Delete a point, and wait: removed, EXPIRED, or what it is after an hour."""
    if arn is None:
        return "missing"
    night.delete(site, arn)

    def look() -> str | None:
        found = night.point(site, arn)
        if found is None:
            return "removed"
        return "EXPIRED" if found["Status"] == "EXPIRED" else None

    return night.pace.within(look, f"the deletion of {arn}", longest=LONGEST_FOR_DELETE) or "not deleted"
