"""Whole nights under every fault, as `make simulate` runs them: the first of the ones that `make nights` runs."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from rehearsal.nights.night import run_night
from rehearsal.nights.runner import run_seed
from rehearsal.nights.scenario import draw_scenario

NIGHTS = 30
# Small groups, so that two workers can share them.
GROUP = 5


@pytest.mark.parametrize("first", range(1, NIGHTS + 1, GROUP))
def test_the_promises_hold_over_whole_nights(first: int) -> None:
    for seed in range(first, first + GROUP):
        result = run_seed(seed)

        assert result.violations == (), f"make simulate NIGHTS=1 SEED={seed}"
        assert result.chains > 0


def test_a_seed_gives_the_same_night_again() -> None:
    assert run_seed(5) == run_seed(5)


def test_a_night_in_the_small_dynamodb_is_the_same_as_in_that_of_moto() -> None:
    """Another project wrote moto, so a fault of the small one shows as another night."""
    night = draw_scenario(47)
    of_moto, small = (run_night(replace(night, uses_moto=each)) for each in (True, False))

    assert (small.chains, small.violations) == (of_moto.chains, of_moto.violations)
    assert small.counts == of_moto.counts - Counter({"a night in moto's DynamoDB": 1})
    # Such nights have few databases. An empty night would show nothing.
    assert small.chains > 5
