"""The table of supported copies: documents show it, the simulator agrees with it, and the doctor reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from backup_simulator.regions import OPT_IN, partition_of, supports_copy
from secondhop.domain.arn import Site
from secondhop.domain.resource_types import BY_NAME
from secondhop_cli.doctor.availability import refusal, unknown_regions
from secondhop_cli.doctor.copy_support import ALWAYS_ON, DATE, PAGE, ROWS, as_markdown, row_of

ROOT = Path(__file__).parents[2]
A, B = "111122223333", "444455556666"
REGIONS = sorted({region for row in ROWS for region in row.regions})


def by_the_table(resource_type: str, source: str, destination: str, *, crosses_account: bool) -> bool:
    return not refusal(resource_type, Site(A, source), Site(B if crosses_account else A, destination))


@pytest.mark.parametrize("resource_type", sorted(BY_NAME))
@pytest.mark.parametrize("crosses_account", [False, True])
def test_the_simulator_makes_exactly_the_copies_of_the_table(resource_type: str, *, crosses_account: bool) -> None:
    pairs = [(a, b) for a in REGIONS for b in REGIONS if partition_of(a) == partition_of(b)]
    assert len(pairs) > 1000

    differing = [
        (source, destination)
        for source, destination in pairs
        if supports_copy(resource_type, source, destination, crosses_account=crosses_account)
        != by_the_table(resource_type, source, destination, crosses_account=crosses_account)
    ]

    assert differing == []


def test_every_type_has_one_row_for_each_region_and_both_know_the_same_opt_in_regions() -> None:
    for resource_type in BY_NAME:
        named = [region for row in ROWS if resource_type in row.resource_types for region in row.regions]
        assert sorted(named) == REGIONS

    assert {each for each in REGIONS if partition_of(each) == "aws"} - set(ALWAYS_ON) == OPT_IN
    assert all(partition_of(region) == row.partition for row in ROWS for region in row.regions)


def test_every_row_says_where_and_when_it_was_read() -> None:
    assert {row.source for row in ROWS} == {PAGE}
    assert {row.date for row in ROWS} == {DATE}


@pytest.mark.parametrize("resource_type", ["RDS", "Aurora", "DocumentDB"])
@pytest.mark.parametrize("region", ["eu-south-1", "ap-east-1", "cn-northwest-1"])
def test_what_aws_added_in_august_2026_is_not_denied(resource_type: str, region: str) -> None:
    home = "cn-north-1" if region.startswith("cn-") else "eu-west-1"

    assert by_the_table(resource_type, home, region, crosses_account=True)
    assert by_the_table(resource_type, region, region, crosses_account=True)


def test_a_region_that_the_table_does_not_have_is_unknown_and_not_denied() -> None:
    here, there = Site(A, "eu-west-1"), Site(B, "mars-north-1")

    assert refusal("Neptune", here, there) == ""
    assert unknown_regions("Neptune", here, there) == ["mars-north-1"]
    assert row_of("Neptune", "mars-north-1") is None


def test_the_installation_guide_has_the_table_as_it_is_with_its_page_and_date() -> None:
    guide = (ROOT / "docs" / "install.md").read_text()

    assert as_markdown() in guide, f"put this into docs/install.md:\n{as_markdown()}"
    assert PAGE in guide
    assert DATE in guide


def test_the_readme_names_copies_that_only_two_hops_make() -> None:
    """Neptune into an opt-in Region: not in one action across account and Region, but across one after the other."""
    reached = BY_NAME["Neptune"].opt_in_regions or ()
    for region in reached:
        assert not by_the_table("Neptune", "eu-west-1", region, crosses_account=True)
        assert by_the_table("Neptune", "eu-west-1", "eu-west-1", crosses_account=True)
        assert by_the_table("Neptune", "eu-west-1", region, crosses_account=False)

    readme = " ".join((ROOT / "README.md").read_text().split())
    assert "Neptune in an opt-in Region such as af-south-1" in readme
    assert "af-south-1" in reached
    assert DATE in readme
