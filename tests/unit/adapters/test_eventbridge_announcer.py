"""What a refusal of one entry means, inside of an answer that succeeded."""

from __future__ import annotations

from typing import Any

import pytest

from secondhop.adapters.eventbridge_announcer import EventBridgeAnnouncer
from secondhop.domain.command import Announce
from secondhop.domain.errors import DeniedError, SecondHopError, TryAgainError

OPENED = Announce(subject="to-dr", incident="aaaa", is_closed=False, title="orders: VAULT_KEY", lines=())


class Bus:
    """An EventBridge client that refuses the entry."""

    def __init__(self, entry: dict[str, str]) -> None:
        self._entry = entry

    def put_events(self, **_: Any) -> Any:
        return {"FailedEntryCount": 1, "Entries": [self._entry]}


@pytest.mark.parametrize(
    ("entry", "kind", "words"),
    [
        ({"ErrorCode": "ThrottlingException", "ErrorMessage": "slow"}, TryAgainError, "ThrottlingException: slow"),
        ({"ErrorCode": "AccessDeniedException", "ErrorMessage": "no"}, DeniedError, "AccessDeniedException: no"),
        ({"ErrorCode": "NotAuthorizedForSourceException"}, DeniedError, "NotAuthorizedForSourceException: "),
        ({}, TryAgainError, "Unknown: "),
    ],
)
def test_a_refused_entry_is_an_error_with_its_code_and_text(
    entry: dict[str, str], kind: type[SecondHopError], words: str
) -> None:
    with pytest.raises(SecondHopError) as raised:
        EventBridgeAnnouncer(Bus(entry)).announce(OPENED)

    assert (type(raised.value), str(raised.value)) == (kind, f"PutEvents: {words}")
