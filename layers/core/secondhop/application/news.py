"""What can be said of a recovery point or a copy job from the news about it, before AWS is asked."""

from __future__ import annotations

from datetime import datetime

from secondhop.application.report import Report
from secondhop.application.work import JobNews, PointNews
from secondhop.domain.chain import Chain
from secondhop.domain.hop import HopState
from secondhop.domain.observation import PointSeen
from secondhop.domain.route import Route
from secondhop.domain.source import USABLE


def is_news(chain: Chain, news: PointNews) -> bool:
    """Whether an event about an arrival may teach its chain something. While it is copied, its arrival is no news."""
    is_usable = news.status in USABLE and chain.finished_at is None
    return not is_usable or any(hop.state is not HopState.COPYING for hop in chain.hops)


def nothing_new(chain: Chain, news: PointNews) -> Report:
    return Report(ignored=f"{news.arn} is {news.status}, and chain {chain.key} copies it")


def refused_as_described(route: Route, news: PointNews | JobNews) -> str | None:
    """Whether the news alone show that the route does not claim the point, which our role may not even describe."""
    if news.database is None or news.resource_type is None:
        return None
    return route.refusal(database_arn=news.database, resource_type=news.resource_type)


def point_of_news(route: Route, news: PointNews, status: str, now: datetime) -> PointSeen | None:
    """A point that AWS does not show, or is not asked for, as far as the news describe it."""
    if news.database is None or news.resource_type is None:
        return None
    return PointSeen(
        arn=news.arn,
        vault_arn=route.watched.arn,
        database=news.database,
        resource_type=news.resource_type,
        status=status,
        created_at=news.created_at or now,
    )
