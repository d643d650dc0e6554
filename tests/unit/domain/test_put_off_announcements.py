"""An announcement that waits for its group is put off, also for a chain that an operator abandoned."""

from __future__ import annotations

from datetime import timedelta

import pytest

from secondhop.domain.advance import advance
from secondhop.domain.announced import AnnouncementPutOff
from secondhop.domain.chain import Chain
from secondhop.domain.classification import Cause
from secondhop.domain.command import Announce
from secondhop.domain.hop import HopState, Trouble
from secondhop.domain.observation import AbandonAsked, Noticed
from tests.builders import NOW, a_chain, a_route, with_hop

HOUR = timedelta(hours=1)


def a_chain_with_announcements() -> Chain:
    """A chain that has just stranded, with two messages that are not sent yet."""
    trouble = Trouble(cause=Cause.ROLE, message="no role", since=NOW)
    stranded = with_hop(a_chain(), state=HopState.STRANDED, trouble=trouble, unresolved=trouble)
    return advance(stranded, Noticed(), route=a_route(), now=NOW).chain


@pytest.mark.parametrize("is_abandoned", [False, True])
def test_an_announcement_is_put_off_until_its_group_may_send_the_next_message(is_abandoned: bool) -> None:
    chain = a_chain_with_announcements()
    if is_abandoned:
        chain = advance(chain, AbandonAsked(by="ada"), route=a_route(), now=NOW).chain
    command = next(each.command for each in chain.outbox.pending if isinstance(each.command, Announce))
    fact = AnnouncementPutOff(
        incident=command.incident, is_closed=command.is_closed, channel=command.channel, until=NOW + HOUR
    )
    after = advance(chain, fact, route=a_route(), now=NOW).chain

    before = {each.command: each.until for each in chain.outbox.pending}
    assert {each.command: each.until for each in after.outbox.pending} == before | {command: NOW + HOUR}
