"""Repeats the first call of StartCopyJob: what AWS makes of tokens, and of identical calls."""

from __future__ import annotations

from dataclasses import replace

from botocore.exceptions import ClientError

from secondhop_cli.first_night.documents import MAKER
from secondhop_cli.first_night.limits import ONE_MORE_DAY
from secondhop_cli.first_night.night import Copy, Night

MERGED = "AWS makes one job of identical calls, so a repeated call says nothing about its token"
UNKNOWN = {"more_than_seconds": None, "at_most_seconds": None}


def the_first_copy(night: Night) -> Copy:
    """The request for the first copy, across accounts."""
    settings = night.settings
    return Copy(
        site=settings.origin,
        point_arn=night.backup_arn,
        into=settings.near,
        role=MAKER,
        token=night.token("first"),
    )


def ask_at_once(night: Night, job_id: str) -> None:
    """The questions with answers that need no time. If identical calls are one job, tokens cannot be seen."""
    first = the_first_copy(night)
    is_merged = _ask_with_another_token(night, first, job_id)
    is_same = _is_same(night.start(first), job_id)
    if is_merged:
        night.answers.leave_open("token_lifetime", MERGED)
    elif is_same:
        night.answers.bound("token_lifetime", more_than=0)
    else:
        night.answers.bound("token_lifetime", at_most=0)
    _ask_with_other_parameters(night, first, job_id, is_remembered=is_same and not is_merged)


def _ask_with_other_parameters(night: Night, first: Copy, job_id: str, *, is_remembered: bool) -> None:
    """What a used token gets with another retention. A new job says nothing if the token may be forgotten."""
    name = "token_of_another"
    try:
        other = night.start(replace(first, days=ONE_MORE_DAY))
    except ClientError as error:
        night.answer_by_refusal(name, error)
        return
    night.answers.record(name, is_same_job=_is_same(other, job_id))
    if _is_same(other, job_id):
        night.answers.settle(name, "same job")
    elif is_remembered:
        night.answers.settle(name, "new job")
    else:
        night.answers.leave_open(name, "the call made a new job, and AWS may have forgotten the token")


def _ask_with_another_token(night: Night, first: Copy, job_id: str) -> bool:
    """Whether an identical call with another token makes a job of its own."""
    name = "identical_calls_merged_for"
    twin = night.start(replace(first, token=night.token("twin")))
    night.answers.record(name, seconds=0, is_same_job=_is_same(twin, job_id))
    if _is_same(twin, job_id):
        night.answers.bound(name, more_than=0)
    else:
        night.answers.settle(name, 0)
    return _is_same(twin, job_id)


def ask_again(night: Night, name: str) -> None:
    """Repeat the first call after some time: is its token known, and are identical calls still one job."""
    if night.first is None:
        return
    first, job_id = night.first.copy, night.first.job_id
    seconds = (night.pace.now() - night.first.began_at).total_seconds()
    is_merged = False
    if _is_still_open(night, "identical_calls_merged_for"):
        is_merged = _is_same(night.start(replace(first, token=night.token(name))), job_id)
        _narrow(night, "identical_calls_merged_for", seconds, is_same=is_merged)
    if night.answers.bounds.get("token_lifetime", UNKNOWN)["at_most_seconds"] is None:
        is_same = _is_same(night.start(first), job_id)
        if not (is_same and is_merged):
            _narrow(night, "token_lifetime", seconds, is_same=is_same)


def _is_still_open(night: Night, name: str) -> bool:
    """Whether a duration has a lower bound and no upper one yet."""
    bound = night.answers.bounds.get(name)
    return bound is not None and bound["at_most_seconds"] is None


def _narrow(night: Night, name: str, seconds: float, *, is_same: bool) -> None:
    night.answers.record(name, seconds=int(seconds), is_same_job=is_same)
    if is_same:
        night.answers.bound(name, more_than=seconds)
    else:
        night.answers.bound(name, at_most=seconds)


def _is_same(one: str, other: str) -> bool:
    return one.upper() == other.upper()
