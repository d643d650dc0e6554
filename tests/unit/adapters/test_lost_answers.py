"""Effects whose first answer was lost, with the SDK's own retries in the loop: real boto3 clients, nothing sent."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError

from secondhop.adapters.aws_backup import AwsBackup
from secondhop.adapters.sites import CONFIG
from secondhop.application.ports import RefusedError, UnansweredError
from secondhop.domain.command import ReleaseIntermediate, StartCopy
from secondhop.domain.errors import FinalError
from tests.builders import ARRIVAL_ARN, COPY_ROLE, DR_VAULT, HOME, NOW, ORDERS, WATCHED

START = StartCopy(
    subject="to-dr",
    source=ARRIVAL_ARN,
    source_vault=WATCHED,
    destination=DR_VAULT,
    copy_role_arn=COPY_ROLE,
    delete_after_days=35,
    attempt=1,
    token="token",
)
DELETE = ReleaseIntermediate(subject="arrival", point=ARRIVAL_ARN, vault=WATCHED)
HERE = WATCHED.site
LOST = None
"""An attempt that times out after it was sent."""
EFFECTS: dict[str, Callable[[AwsBackup], Any]] = {
    "StartCopyJob": lambda backup: backup.start(START),
    "DeleteRecoveryPoint": lambda backup: backup.delete(DELETE),
}


class Body(io.BytesIO):
    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


def refusal(code: str, status: int = 400) -> tuple[int, str, bytes]:
    return status, code, b'{"message": "no"}'


def a_backup(operation: str, *answers: tuple[int, str, bytes] | None) -> tuple[AwsBackup, list[str]]:
    """AWS Backup that answers the attempts of an operation in turn; and the attempts that were sent."""
    client: Any = boto3.client(
        "backup", region_name=HOME, aws_access_key_id="a", aws_secret_access_key="b", config=CONFIG
    )
    left, sent = list(answers), list[str]()

    def answer(request: Any, **_: Any) -> AWSResponse:
        sent.append(request.url)
        given = left.pop(0)
        if given is LOST:
            raise ReadTimeoutError(endpoint_url=request.url)
        status, code, body = given
        headers: Any = {"content-type": "application/json", **({"x-amzn-errortype": code} if code else {})}
        return AWSResponse(request.url, status, headers, Body(body))

    client.meta.events.register(f"before-send.backup.{operation}", answer)
    return AwsBackup(lambda _site: client), sent


@pytest.mark.parametrize("operation", EFFECTS)
@pytest.mark.parametrize("second", ["ThrottlingException", "LimitExceededException", "ResourceNotFoundException"])
def test_an_effect_whose_first_answer_was_lost_is_unanswered_whatever_its_retry_was_answered(
    operation: str, second: str
) -> None:
    backup, sent = a_backup(operation, LOST, refusal(second))

    with pytest.raises(UnansweredError, match=second):
        EFFECTS[operation](backup)
    assert len(sent) == 2


@pytest.mark.parametrize("operation", EFFECTS)
def test_an_effect_that_is_never_answered_is_sent_twice_and_unanswered(operation: str) -> None:
    backup, sent = a_backup(operation, LOST, LOST)

    with pytest.raises(UnansweredError):
        EFFECTS[operation](backup)
    assert len(sent) == 2


@pytest.mark.parametrize("operation", EFFECTS)
@pytest.mark.parametrize("code", ["AccessDeniedException", "InvalidParameterValueException"])
def test_a_refusal_of_the_first_attempt_is_a_refusal(operation: str, code: str) -> None:
    backup, sent = a_backup(operation, refusal(code))

    with pytest.raises(RefusedError) as refused:
        EFFECTS[operation](backup)
    assert (refused.value.code, len(sent)) == (code, 1)


@pytest.mark.parametrize("operation", EFFECTS)
@pytest.mark.parametrize("code", ["LimitExceededException", "ThrottlingException"])
def test_a_refusal_of_every_attempt_is_a_refusal(operation: str, code: str) -> None:
    """The SDK sends these again by itself."""
    backup, sent = a_backup(operation, refusal(code), refusal(code))

    with pytest.raises(RefusedError) as refused:
        EFFECTS[operation](backup)
    assert (refused.value.code, len(sent)) == (code, 2)


@pytest.mark.parametrize("operation", EFFECTS)
def test_an_effect_that_met_a_fault_of_aws_first_is_unanswered_when_its_retry_is_refused(operation: str) -> None:
    backup, _ = a_backup(operation, refusal("InternalFailure", 500), refusal("LimitExceededException"))

    with pytest.raises(UnansweredError):
        EFFECTS[operation](backup)


def test_each_call_is_judged_by_its_own_attempts() -> None:
    limit = refusal("LimitExceededException")
    backup, _ = a_backup("StartCopyJob", LOST, limit, limit, limit)
    with pytest.raises(UnansweredError):
        backup.start(START)

    with pytest.raises(RefusedError):
        backup.start(START)


def test_a_start_whose_first_answer_was_lost_is_believed_when_its_retry_names_the_job() -> None:
    """Both attempts carry the same token, so that AWS answers with the same job."""
    answered = 200, "", b'{"CopyJobId": "JOB-1", "CreationDate": %d}' % NOW.timestamp()
    backup, _ = a_backup("StartCopyJob", LOST, answered)

    started = backup.start(START)

    assert (started.job_id, started.created_at) == ("JOB-1", NOW)


@pytest.mark.parametrize(
    "body", [b"\xff\xfe", b"[1]", b"{}", b'{"CopyJobId": "J"}', b'{"CopyJobId": "J", "CreationDate": "soon"}']
)
def test_an_answer_that_cannot_be_read_leaves_a_start_unanswered(body: bytes) -> None:
    backup, _ = a_backup("StartCopyJob", (200, "", body))

    with pytest.raises(UnansweredError, match="cannot be read"):
        backup.start(START)


@pytest.mark.parametrize("date", ['"soon"', "884541600000"])
def test_a_description_with_an_unreadable_date_is_refused_in_words(date: str) -> None:
    body = f'{{"RecoveryPointArn": "{ARRIVAL_ARN}", "CreationDate": {date}}}'.encode()
    backup, _ = a_backup("DescribeRecoveryPoint", (200, "", body))

    with pytest.raises(FinalError, match="AWS's answer cannot be read: ValueError"):
        backup.point(WATCHED, ARRIVAL_ARN)


QUESTIONS: dict[str, Callable[[AwsBackup], object]] = {
    "ListCopyJobs by database": lambda backup: list(backup.jobs_into(DR_VAULT, from_site=HERE, database=ORDERS)),
    "ListCopyJobs by time": lambda backup: list(backup.jobs_since(DR_VAULT, from_site=HERE, after=NOW)),
    "ListCopyJobs by state": lambda backup: list(
        backup.jobs_in_state("RUNNING", source=HERE, destination=None, after=NOW)
    ),
    "ListRecoveryPointsByBackupVault": lambda backup: list(backup.points_of(WATCHED, ORDERS)),
    "DescribeCopyJob": lambda backup: backup.job(HERE, "JOB-1"),
}


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("body", [b"{}", b'{"CopyJobs": [null], "RecoveryPoints": [null], "CopyJob": [1]}'])
def test_an_answer_without_what_was_asked_for_is_refused_in_words(question: str, body: bytes) -> None:
    backup, _ = a_backup(question.split(maxsplit=1)[0], (200, "", body))

    with pytest.raises(FinalError):
        QUESTIONS[question](backup)
