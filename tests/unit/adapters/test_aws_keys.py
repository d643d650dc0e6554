"""The state of a key, asked of the simulated AWS KMS."""

from __future__ import annotations

from typing import Any

import pytest

from secondhop.adapters.aws_keys import AwsKeys
from secondhop.adapters.sites import Sites
from secondhop.domain.errors import DeniedError, TryAgainError
from tests.simulated_place import HOME, A, B, Place


def keys_of(place: Place) -> AwsKeys:
    session: Any = place.world.session(A, region=HOME)
    return AwsKeys(Sites(session, {}, place.world.now).key_client)


def test_a_key_is_described_in_its_own_site() -> None:
    place = Place()
    keys = keys_of(place)
    key = place.point.key_arn or ""

    assert keys.state_of(key) == "Enabled"
    assert keys.state_of(place.world.vault_by_arn(place.target).key_arn) == "Enabled"
    place.world.keys[key].enabled = False
    assert keys.state_of(key) == "Disabled"


def test_a_key_that_aws_does_not_know_is_gone() -> None:
    assert keys_of(Place()).state_of(f"arn:aws:kms:{HOME}:{A}:key/never-was") == "Gone"


def test_a_key_that_may_not_be_looked_at_is_not_gone() -> None:
    with pytest.raises(DeniedError):
        keys_of(Place()).state_of(f"arn:aws:kms:{HOME}:{B}:key/somebody-elses")


def test_a_busy_service_is_asked_again() -> None:
    place = Place()
    place.world.faults.refuse("DescribeKey", code="ThrottlingException", service="kms")

    with pytest.raises(TryAgainError):
        keys_of(place).state_of(place.point.key_arn or "")
