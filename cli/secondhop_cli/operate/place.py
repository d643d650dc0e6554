"""The options that say which installation is meant."""

from __future__ import annotations

import argparse
from typing import Any

from secondhop_cli.operate.installation import Installation, find_installation
from secondhop_cli.regions import ACCEPT_UNKNOWN
from secondhop_cli.sessions import region_of


def add_place(parser: Any) -> None:
    """Add the options."""
    parser.add_argument("--stack", default="second-hop", help="the name of the main stack (default second-hop)")
    parser.add_argument("--region", help="the Region of the main stack; default: the profile's, or AWS_REGION")
    parser.add_argument("--profile", metavar="NAME", help="a profile of the main stack's account")
    parser.add_argument(
        ACCEPT_UNKNOWN, action="store_true", help="accept a Region that is newer than the installed botocore"
    )


def chosen_installation(session: Any, chosen: argparse.Namespace) -> Installation:
    """The installation that the options name. Raises UsageError and CommandError."""
    region = region_of([session], chosen.region, accepts_unknown=chosen.accept_unknown_region)
    return find_installation(session, stack=chosen.stack, region=region)
