"""Whole nights under every fault, as `make simulate` runs them: the first of the ones that `make nights` runs."""

from __future__ import annotations

import pytest

from rehearsal.nights.runner import run_seed

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
