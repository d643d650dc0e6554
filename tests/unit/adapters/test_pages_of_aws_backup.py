"""Lists of AWS Backup are read to their end: in pages, some of them without entries, until there is no token."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from secondhop.adapters.aws_backup import AwsBackup
from secondhop.domain.errors import FinalError, TryAgainError
from tests.builders import DR_VAULT, NIGHT, NOW, ORDERS, WATCHED

THROTTLED = ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, "List")
AFTER, BEFORE = NIGHT, NIGHT + timedelta(days=1)


class Pages:
    """A client that answers with the given pages, each by the token of the page before it."""

    def __init__(
        self, name: str, *pages: list[dict[str, Any]] | ClientError, last: dict[str, Any] | None = None
    ) -> None:
        self._name = name
        self._pages = pages
        self._last = last or {}
        self.requests: list[dict[str, Any]] = []

    def _answer(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        number = int(request.get("NextToken", "page-0").removeprefix("page-"))
        page = self._pages[number]
        if isinstance(page, ClientError):
            raise page
        more = {"NextToken": f"page-{number + 1}"} if number + 1 < len(self._pages) else self._last
        return {self._name: page, **more}

    list_copy_jobs = list_recovery_points_by_backup_vault = _answer


def a_point(number: int) -> dict[str, Any]:
    return {
        "RecoveryPointArn": f"point-{number}",
        "ResourceArn": ORDERS,
        "ResourceType": "RDS",
        "Status": "COMPLETED",
        "CreationDate": NIGHT,
    }


def a_job(number: int) -> dict[str, Any]:
    return {"CopyJobId": f"job-{number}", "State": "RUNNING"}


Ask = Callable[[AwsBackup], Iterator[Any]]

LISTS: list[Any] = [
    pytest.param(
        "RecoveryPoints",
        a_point,
        lambda backup: (point.arn for point in backup.points_of(WATCHED, ORDERS)),
        {"BackupVaultName": WATCHED.name, "ByResourceArn": ORDERS},
        id="points of a database",
    ),
    pytest.param(
        "RecoveryPoints",
        a_point,
        lambda backup: (point.arn for point in backup.points_between(WATCHED, after=AFTER, before=BEFORE)),
        {"BackupVaultName": WATCHED.name, "ByCreatedAfter": AFTER, "ByCreatedBefore": BEFORE},
        id="points of a time",
    ),
    pytest.param(
        "CopyJobs",
        a_job,
        lambda backup: (job.job_id for job in backup.jobs_into(DR_VAULT, from_site=WATCHED.site, database=ORDERS)),
        {"ByDestinationVaultArn": DR_VAULT.arn, "ByResourceArn": ORDERS},
        id="jobs of a database",
    ),
    pytest.param(
        "CopyJobs",
        a_job,
        lambda backup: (
            news.job.job_id
            for news in backup.jobs_in_state("RUNNING", source=WATCHED.site, destination=DR_VAULT, after=NOW)
        ),
        {"ByState": "RUNNING", "ByDestinationVaultArn": DR_VAULT.arn, "ByCreatedAfter": NOW},
        id="jobs in a state",
    ),
]


def backup_over(client: Pages) -> AwsBackup:
    return AwsBackup(lambda _site: client)


@pytest.mark.parametrize(("name", "entry", "ask", "request_"), LISTS)
@pytest.mark.parametrize("last", [{}, {"NextToken": ""}, {"NextToken": None}], ids=["no token", "empty", "null"])
def test_a_list_is_read_over_all_its_pages_also_those_without_entries(
    name: str, entry: Callable[[int], dict[str, Any]], ask: Ask, request_: dict[str, Any], last: dict[str, Any]
) -> None:
    client = Pages(name, [entry(0), entry(1)], [], [], [entry(2)], [], last=last)
    found = list(ask(backup_over(client)))

    assert found == [entry(number)[next(iter(entry(number)))] for number in range(3)]
    asked = {"MaxResults": 1000, **request_}
    tokens = [{}, *({"NextToken": f"page-{number}"} for number in range(1, 5))]
    assert client.requests == [asked | token for token in tokens]


@pytest.mark.parametrize(("name", "entry", "ask", "request_"), LISTS)
def test_a_page_that_cannot_be_had_is_an_error_and_not_the_end_of_the_list(
    name: str, entry: Callable[[int], dict[str, Any]], ask: Ask, request_: dict[str, Any]
) -> None:
    del request_
    found = ask(backup_over(Pages(name, [entry(0)], THROTTLED, [entry(1)])))

    next(found)
    with pytest.raises(TryAgainError):
        next(found)


def test_a_point_that_cannot_be_read_hides_none_on_later_pages_and_is_told_at_the_end() -> None:
    broken = {"RecoveryPointArn": "broken"}
    points = backup_over(Pages("RecoveryPoints", [broken, a_point(1)], [a_point(2)])).points_of(WATCHED, ORDERS)

    assert [next(points).arn, next(points).arn] == ["point-1", "point-2"]
    with pytest.raises(FinalError, match="1 recovery points could not be read"):
        next(points)
