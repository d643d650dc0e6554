"""Whole nights under every fault, as `make simulate` runs them: as many as a minute and one processor allow."""

from __future__ import annotations

import time

from rehearsal.nights.many import judge, judge_all

A_MINUTE = 60.0
FEWEST = 6
MOST = 200


def test_the_promises_hold_over_a_minute_of_nights() -> None:
    began = time.monotonic()
    judged = 0
    for judgement in judge_all(range(1, MOST + 1), processes=1):
        assert judgement.violations == (), f"make simulate NIGHTS=1 SEED={judgement.seed}"
        assert judgement.chains > 0
        judged += 1
        if time.monotonic() - began > A_MINUTE and judged >= FEWEST:
            break

    assert judged >= FEWEST


def test_a_seed_gives_the_same_night_again() -> None:
    assert judge(5) == judge(5)
