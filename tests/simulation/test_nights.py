"""Whole nights under every fault, as `make simulate` runs them."""

from __future__ import annotations

import io

from rehearsal.nights.many import judge, simulate


def test_the_promises_hold_over_some_nights() -> None:
    told = io.StringIO()
    code = simulate(told, nights=8, first_seed=1)

    *_, last = told.getvalue().splitlines()
    assert (code, last.split(" nights, ")[0], last.split(", ")[-1]) == (0, "8", "0 violations")


def test_a_seed_gives_the_same_night_again() -> None:
    assert judge(5) == judge(5)
