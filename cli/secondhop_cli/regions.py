"""What init knows about Regions: the form of their codes, their partitions, and the Regions of its botocore.

AWS adds Regions, and an installed botocore can be older. So an unknown Region brings a warning and no refusal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import botocore
import botocore.session
from botocore.exceptions import UnknownRegionError

# As in the templates.
CODE = re.compile(r"[a-z]{2,4}(-[a-z]{2,9}){1,2}-\d")


def is_code(text: str) -> bool:
    """Whether a text has the form of a Region's code, such as eu-central-1."""
    return CODE.fullmatch(text) is not None


@cache
def partition_of(region: str) -> str | None:
    """The partition of a Region, by botocore's list and patterns; None if no partition has such Regions."""
    if not is_code(region):
        return None
    try:
        return str(botocore.session.Session().get_partition_for_region(region))
    except UnknownRegionError:
        return None


def region_warnings(flag: str, region: str) -> Iterator[str]:
    """A warning if botocore's list does not have the Region: it is new, or mistyped."""
    if region and region not in _known():
        yield (
            f"{flag} is {region!r}, which is in no list of botocore {botocore.__version__}; check its spelling. AWS "
            "adds Regions, so it is accepted"
        )


@cache
def _known() -> frozenset[str]:
    session = botocore.session.Session()
    partitions = session.get_component("data_loader").load_data("partitions")["partitions"]
    listed = {region for each in partitions for region in each["regions"] if is_code(region)}
    offered = {
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("ec2", partition)
    }
    return frozenset(listed | offered)
