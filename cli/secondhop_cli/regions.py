"""What the commands know about Regions: the form of their codes, their partitions, and the Regions of botocore.

AWS adds Regions, and an installed botocore can be older. So an unknown Region is refused until a person confirms it.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cache

import botocore
import botocore.session
from botocore.exceptions import UnknownRegionError

ACCEPT_UNKNOWN = "--accept-unknown-region"
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


def region_problem(flag: str, region: str, *, accepts_unknown: bool) -> str | None:
    """What is wrong with a Region: its form, or that no list of botocore has it and it is not confirmed."""
    if not is_code(region):
        return f"{flag} is {region!r}; it should be the code of a Region, such as eu-central-1"
    if accepts_unknown or is_known(region):
        return None
    alike = get_close_matches(region, sorted(_known()), n=1)
    meant = f"perhaps you mean {alike[0]}; " if alike else ""
    return f"{unknown_region(flag, region)}; {meant}if AWS has added this Region lately, add {ACCEPT_UNKNOWN}"


def unknown_region(flag: str, region: str) -> str:
    """The sentence about a Region that is new, or mistyped."""
    return f"{flag} is {region!r}, which is in no list of botocore {botocore.__version__}"


def is_known(region: str) -> bool:
    """Whether botocore's lists have the Region."""
    return region in _known()


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
