"""Starts copies with less than all rights: which rights AWS asks for, and what it says if a role disappears.

Each answer compares two copies that differ in one permission.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from secondhop_cli.first_night.documents import CALLER_FROM, CALLER_PLAIN, COPIER, LEAVER, NARROW
from secondhop_cli.first_night.limits import ONE_MORE_DAY, TWO_MORE_DAYS
from secondhop_cli.first_night.night import Copy, Night
from secondhop_cli.first_night.pace import code_of, message_of
from secondhop_cli.first_night.things import remove_role

PERMISSION = re.compile(r"not authorized|permission|access.?denied|privilege", re.IGNORECASE)


def ask_who_describes_the_key(night: Night) -> None:
    """Copies to the other Region for a role, and for a caller, that may not describe the keys aws/backup."""
    if night.second is None:
        reason = "the copy with all permissions failed, so nothing can be compared with it"
        night.answers.leave_open("initiator_describes_aws_backup_key", reason)
        night.answers.leave_open("copy_from_asked_of", reason)
        return
    by_narrow = _result_of(night, _into_far(night, "narrow", NARROW))
    by_caller = _ask_the_callers(night)
    _decide_about_key(night, by_narrow, by_caller)


def _decide_about_key(night: Night, by_narrow: str, by_caller: str) -> None:
    name = "initiator_describes_aws_backup_key"
    match (by_narrow, by_caller):
        case ("done", _):
            night.answers.settle(name, "nobody")
        case ("denied", "done"):
            night.answers.settle(name, "passed role")
        case ("denied", "denied"):
            night.answers.settle(name, "caller too")
        case _:
            night.answers.leave_open(name, f"the role's copy ended as {by_narrow!r}, the caller's as {by_caller!r}")


def _ask_the_callers(night: Night) -> str:
    """Copies for a caller with CopyFromBackupVault and for one without; the end of the first one's copy."""
    name = "copy_from_asked_of"
    try:
        with_right = _started_by(night, CALLER_FROM)
    except ClientError as error:
        night.answers.leave_open(name, f"the caller with the permission was refused too: {message_of(error)}")
        return code_of(error)
    try:
        without = _started_by(night, CALLER_PLAIN)
    except ClientError as error:
        night.answers.record(name, error=code_of(error), message=message_of(error))
        if code_of(error).startswith("AccessDenied"):
            night.answers.settle(name, "caller too")
        else:
            night.answers.leave_open(name, f"AWS answered {code_of(error)}")
    else:
        night.answers.record(name, is_accepted=True)
        night.answers.settle(name, "passed role")
        night.until(night.settings.near, without)
    return _end_of(night, night.until(night.settings.near, with_right))


def _started_by(night: Night, caller: str) -> str:
    """Start a copy as one of the run's callers; the job's id. Raises ClientError after some minutes."""
    settings = night.settings
    role = settings.role_arn(settings.backup, caller)
    days = {CALLER_FROM: ONE_MORE_DAY, CALLER_PLAIN: TWO_MORE_DAYS}[caller]
    copy = replace(_into_far(night, caller, COPIER), days=days)

    client = night.pace.once_usable(lambda: night.aws.by_role(settings.near, "backup", role, settings.run))
    return night.pace.once_usable(lambda: night.start(copy, client))


def _into_far(night: Night, token: str, role: str) -> Copy:
    settings = night.settings
    assert night.first is not None
    return Copy(
        site=settings.near,
        point_arn=night.first.point_arn,
        into=settings.far,
        role=role,
        token=night.token(token),
    )


def _result_of(night: Night, copy: Copy) -> str:
    try:
        job, _ = night.carried_out(copy)
    except ClientError as error:
        job = {"State": "FAILED", "StatusMessage": f"{code_of(error)}: {message_of(error)}"}
    return _end_of(night, job)


def _end_of(night: Night, job: dict[str, Any]) -> str:
    """How a job ended: done, denied, or AWS's message."""
    message = job.get("StatusMessage", "")
    night.answers.record("initiator_describes_aws_backup_key", state=job["State"], message=message)
    if job["State"] == "COMPLETED":
        return "done"
    return "denied" if PERMISSION.search(message) else message


def lose_a_role(night: Night) -> None:
    """Delete the role of a copy across accounts while it runs."""
    name, settings = "unshare_failure_state", night.settings
    copy = Copy(
        site=settings.origin,
        point_arn=night.backup_arn,
        into=settings.near,
        role=LEAVER,
        token=night.token("leaver"),
    )
    job_id = night.pace.once_usable(lambda: night.start(copy))
    if night.until(copy.site, job_id, ("RUNNING",))["State"] != "RUNNING":
        night.answers.leave_open(name, "the copy was over before its role was deleted")
        return
    remove_role(night, LEAVER)
    job = night.until(copy.site, job_id)
    message = job.get("StatusMessage", "")
    night.answers.record(name, state=job["State"], message=message)
    if "unshare" not in message.lower():
        night.answers.leave_open(name, f"the job is {job['State']} with another message: {message or 'none'}")
    elif job["State"] in ("COMPLETED", "FAILED"):
        night.answers.settle(name, job["State"])
    else:
        night.answers.leave_open(name, f"no setting of the simulator fits the state {job['State']}")
