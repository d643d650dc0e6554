"""Checks of promises that need a table, a simulated account, or a chosen case of a test."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import boto3
from moto import mock_aws

from secondhop.adapters.dynamodb_chains import DynamoDbChains
from secondhop.application.ports import ChainStore
from secondhop.domain.classification import Cause
from secondhop.domain.verification import Verdict
from tests.builders import DR_KEY, NOW, a_copy
from tests.contract import test_chain_store
from tests.contract.conftest import table_of_the_template
from tests.simulated_place import Place
from tests.unit.adapters import test_aws_backup
from tests.unit.domain import test_arrival_rules, test_source_facts


def an_expired_copy_is_not_good() -> None:
    expired = a_copy(status="EXPIRED")
    test_arrival_rules.test_an_arrival_is_judged_by_what_is_there(expired, DR_KEY, Verdict.WRONG, Cause.MISMATCH)


def a_source_stands_after_its_date() -> None:
    over = NOW - timedelta(days=1)
    test_source_facts.test_a_chain_takes_over_what_aws_says_of_its_source_now(
        {"delete_at": over}, {"source_expires_at": over}
    )


def a_start_names_its_days() -> None:
    place = Place()
    started = test_aws_backup.backup_of(place).start(test_aws_backup.a_start(place))
    assert place.job(started.job_id)["DestinationRecoveryPointLifecycle"] == {"DeleteAfterDays": 35}


def only_not_found_means_gone() -> None:
    test_aws_backup.test_only_not_found_means_that_a_point_is_gone(Place())


def a_stale_save_is_refused() -> None:
    _in_the_table(test_chain_store.test_a_save_over_somebody_elses_is_refused_and_writes_nothing)


def slots_end_at_the_limit() -> None:
    _in_the_table(test_chain_store.test_slots_end_at_the_limit_and_are_free_again_with_the_save_that_gives_them_back)


def _in_the_table(check: Callable[[ChainStore], None]) -> None:
    with mock_aws():
        client = boto3.client(
            "dynamodb", region_name="eu-west-1", aws_access_key_id="testing", aws_secret_access_key="testing"
        )
        client.create_table(TableName="chains", **table_of_the_template())
        check(DynamoDbChains(client, "chains"))
