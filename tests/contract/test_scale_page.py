"""The page about scale is what the kept results and AWS's quotas make, and its arithmetic holds on small numbers."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bench.capacity import copies_a_day, sites_for
from bench.page import kept_results
from bench.quotas import BATCH, HUB_ACCOUNTS, INSTANCES, TIMEOUT_SECONDS, quotas
from bench.scale import PAGE, scale_page_of
from rehearsal.stage import ROOT
from rehearsal.template import read_template


def with_gap(minutes: float) -> dict[str, Any]:
    """Results in which a slot is free for so many minutes between two copies."""
    return {"burst-1000": {"schedule": {"RDS": {"median_event_delay_minutes": minutes}}}}


def test_the_page_is_made_from_the_kept_results() -> None:
    assert PAGE.read_text(encoding="utf-8") == scale_page_of(kept_results()), "run: make measurements"


@pytest.mark.parametrize(
    ("slots", "minutes", "gap", "copies"), [(20, 60, 0, 480), (5, 1_440, 0, 5), (5, 57, 3, 120), (1, 1_437, 3, 1)]
)
def test_so_many_copies_fit_into_a_day(slots: int, minutes: float, gap: float, copies: int) -> None:
    assert copies_a_day(with_gap(gap), slots, minutes) == copies


@pytest.mark.parametrize(("points", "sites"), [(1, 1), (480, 1), (481, 2), (1_000_000, 2_084)])
def test_so_many_dr_sites_copy_a_night(points: int, sites: int) -> None:
    assert sites_for(with_gap(0), points, 20, 60) == sites


def test_the_quota_that_is_met_first_is_on_top_and_unknown_ones_are_at_the_end() -> None:
    met = [each.databases for each in quotas(kept_results())]
    known = [each for each in met if each is not None]

    assert known == sorted(known)
    assert met[len(known) :] == [None] * (len(met) - len(known))


def test_the_limits_of_the_template_are_those_of_the_page() -> None:
    template = read_template(ROOT / "template.yaml")
    work = template["Resources"]["AdvanceChain"]["Properties"]["Events"]["Work"]["Properties"]
    (more,) = re.findall(r"\{0,(\d+)\}", template["Parameters"]["WorkloadAccountIds"]["AllowedPattern"])

    assert template["Parameters"]["MaximumConcurrency"]["Default"] == INSTANCES
    assert work["BatchSize"] == BATCH
    assert template["Globals"]["Function"]["Timeout"] == TIMEOUT_SECONDS
    assert int(more) + 1 == HUB_ACCOUNTS
