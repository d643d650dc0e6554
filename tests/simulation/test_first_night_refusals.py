"""What `secondhop first-night` refuses before it makes anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from secondhop_cli.ending import UsageError
from secondhop_cli.first_night.session import first_night
from tests.first_nights import FirstNightPlace
from tests.simulated_place import DR, HOME, A, B


def grow(place: FirstNightPlace) -> None:
    place.world.databases[place.database].size_bytes = 21 * 2**30


def lose_encryption(place: FirstNightPlace) -> None:
    place.world.databases[place.database].key_arn = None


def use_the_key_of_rds(place: FirstNightPlace) -> None:
    place.world.keys[place.world.databases[place.database].key_arn or ""].managed_by = "aws/rds"


def disable_the_key(place: FirstNightPlace) -> None:
    place.world.keys[place.near_key].enabled = False


def lose_the_database(place: FirstNightPlace) -> None:
    del place.world.databases[place.database]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (grow, "has 21 GiB, and the limit is 20; name a smaller database"),
        (lose_encryption, "name an instance that is encrypted with a customer managed key"),
        (use_the_key_of_rds, "is managed by AWS and cannot be shared; name another database"),
        (disable_the_key, "is Disabled; name an enabled customer managed key"),
        (lose_the_database, "does not exist; check the ARN"),
    ],
)
def test_what_a_run_cannot_use_is_said_before_anything_is_made(
    tmp_path: Path, change: Callable[[FirstNightPlace], None], sentence: str
) -> None:
    place = FirstNightPlace(tmp_path)
    change(place)

    assert sentence in place.refused()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"database_arn": f"arn:aws:rds:{HOME}:{A}:cluster:c"}, "--database-arn should be the ARN of a DB instance"),
        ({"database_arn": f"arn:aws:rds:{HOME}:{B}:db:small"}, f"--database-arn is of account {B}"),
        ({"dr_region": HOME}, f"--dr-region is {HOME}, the database's own Region"),
        ({"near_key_arn": "alias/mine"}, "--key-arn should be the ARN of a customer managed key"),
        ({"dr_key_arn": f"arn:aws:kms:{HOME}:{B}:key/1"}, f"--dr-key-arn should be of account {B} in {DR}"),
    ],
)
def test_wrong_arguments_are_usage_errors(tmp_path: Path, changes: dict[str, str], sentence: str) -> None:
    place = FirstNightPlace(tmp_path)

    with pytest.raises(UsageError, match=sentence):
        first_night(replace(place.wanted, **changes), place.session)


def test_two_profiles_of_one_account_are_refused(tmp_path: Path) -> None:
    place = FirstNightPlace(tmp_path)
    session = place.session.sessions["workload"]

    text = place.refused(sessions={"workload": session, "backup": session})
    assert f"both profiles are of account {A}, and two accounts are needed" in text
