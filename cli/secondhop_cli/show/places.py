"""Which installations are shown: `--stack NAME@REGION`, once for each. One that cannot be read is not seen."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from botocore.config import Config

from secondhop.adapters.dynamodb_views import DynamoDbViews
from secondhop.application.views import ChainViews
from secondhop.domain.errors import SecondHopError
from secondhop_cli.aws_errors import CALL_ERRORS, explained
from secondhop_cli.ending import CommandError, UsageError
from secondhop_cli.operate.installation import REMEDY, Installation, find_installation
from secondhop_cli.regions import ACCEPT_UNKNOWN
from secondhop_cli.sessions import open_session, region_of

# Of a stack from before the parameter RpoHours.
DEFAULT_RPO = timedelta(hours=54)
CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 4}, connect_timeout=5, read_timeout=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An installation with a table that can be read."""

    installation: Installation
    views: ChainViews

    @property
    def name(self) -> str:
        return f"{self.installation.stack}@{self.installation.region}"

    @property
    def options(self) -> str:
        """The options that name the installation to another command."""
        return f"--stack {self.installation.stack} --region {self.installation.region}"

    @property
    def target(self) -> timedelta:
        """How old the newest copy of a database may be (RpoHours)."""
        hours = self.installation.outputs.get("RpoHours")
        return timedelta(hours=int(hours)) if hours is not None else DEFAULT_RPO


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSeen:
    """An installation that could not be read, and why."""

    name: str
    why: str


def add_places(parser: Any) -> None:
    """Add the options."""
    parser.add_argument(
        "--stack",
        action="append",
        metavar="NAME[@REGION]",
        help="a main stack (default second-hop); repeat it for several installations",
    )
    parser.add_argument("--region", help="the Region of main stacks without one; default: the profile's, or AWS_REGION")
    parser.add_argument("--profile", metavar="NAME", help="a profile of the main stacks' account")
    parser.add_argument(
        ACCEPT_UNKNOWN, action="store_true", help="accept a Region that is newer than the installed botocore"
    )


Found = TypeVar("Found")
Open = Callable[[Installation], ChainViews]


def open_views(installation: Installation) -> ChainViews:
    """The table of an installation."""
    client = installation.session.client("dynamodb", region_name=installation.region, config=CONFIG)
    return DynamoDbViews(client, installation.output("TableName"))


def chosen_places(
    chosen: argparse.Namespace, opened: Open = open_views, session: Any = None
) -> Iterator[Place | NotSeen]:
    """The installations that the options name. Raises UsageError."""
    session = session or open_session(chosen.profile)
    for text in _distinct(chosen.stack or ["second-hop"]):
        stack, _, region = text.partition("@")
        if not stack:
            raise UsageError(f"--stack should be NAME or NAME@REGION, found {text!r}.")
        where = region_of([session], region or chosen.region, accepts_unknown=chosen.accept_unknown_region)
        try:
            installation = find_installation(session, stack=stack, region=where)
            yield Place(installation=installation, views=opened(installation))
        except CommandError as error:
            yield NotSeen(name=f"{stack}@{where}", why=str(error).rstrip("."))


def _distinct(texts: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def reading(place: Place, read: Callable[[ChainViews], Found]) -> Found | NotSeen:
    """What a read of the table gives, or why there is none."""
    try:
        return read(place.views)
    except SecondHopError as error:
        return NotSeen(name=place.name, why=f"its table cannot be read: {error}".rstrip("."))
    except CALL_ERRORS as error:
        return NotSeen(name=place.name, why=f"its table cannot be read: {explained(error, remedy=REMEDY)}")
