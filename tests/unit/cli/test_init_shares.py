"""secondhop init: several main stacks that copy into one DR account divide AWS's quota."""

from __future__ import annotations

from pathlib import Path

import pytest

from secondhop.domain.resource_types import RESOURCE_TYPES
from secondhop_cli.init.parameter_files import MAIN
from secondhop_cli.init.shares import MOST_INSTALLATIONS
from tests.installing import GOOD, Checkout


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def limits(checkout: Checkout) -> tuple[str | None, str | None]:
    written = checkout.parameters(MAIN)
    return written.get("MaximumRdsCopies"), written.get("MaximumClusterCopies")


@pytest.mark.parametrize("count", range(1, MOST_INSTALLATIONS + 1))
def test_all_shares_together_stay_within_the_quota_and_each_has_a_slot(checkout: Checkout, count: int) -> None:
    assert checkout.init({**GOOD, "installations_sharing": str(count)}).code == 0

    rds, cluster = (int(limit or "") for limit in limits(checkout))
    for each in RESOURCE_TYPES:
        mine = cluster if each.is_cluster else rds
        assert mine >= 1
        assert each.copies_in_flight - count < mine * count <= each.copies_in_flight


def test_a_share_is_kept_and_its_change_is_shown(checkout: Checkout) -> None:
    checkout.init({**GOOD, "installations_sharing": "3"})
    assert limits(checkout) == ("6", "1")

    checkout.init({"retention_days": "90"})
    assert limits(checkout) == ("6", "1")
    changed = checkout.init({"installations_sharing": "2"})
    assert limits(checkout) == ("10", "2")
    assert "  MaximumRdsCopies: 6 becomes 10\n" in changed.said
    assert "  MaximumClusterCopies: 1 becomes 2\n" in changed.said
    checkout.init({"installations_sharing": "1"})
    assert limits(checkout) == ("20", "5")


@pytest.mark.parametrize("both", [True, False])
def test_limits_that_a_person_wrote_stay_until_the_option_is_given(checkout: Checkout, *, both: bool) -> None:
    checkout.init(GOOD)
    checkout.edit("samconfig.toml", "  MaximumRdsCopies=20 \\\n", "  MaximumRdsCopies=8 \\\n")
    if not both:
        checkout.edit("samconfig.toml", "  MaximumClusterCopies=5 \\\n", "")
    own = ("8", "5" if both else None)
    assert limits(checkout) == own

    assert checkout.init({"retention_days": "90"}).code == 0
    assert limits(checkout) == own
    checkout.init({"installations_sharing": "1"})
    assert limits(checkout) == ("20", "5")
