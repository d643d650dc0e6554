"""Which chains show the present state of their database, and so are in the index of current chains."""

from __future__ import annotations

from dataclasses import replace

import pytest

from secondhop.domain.chain import Chain
from secondhop.domain.hop import HopState
from secondhop.domain.ledger import is_current
from tests.builders import COPY_ARN, NOW, a_chain, a_fan_out, with_hop

WAITING = replace(a_chain(), intermediates=())
VERIFIED = with_hop(WAITING, state=HopState.VERIFIED, arrival=COPY_ARN)
SUCCEEDED = with_hop(VERIFIED, is_superseded=True)
IN_TWO_VAULTS = replace(a_chain(a_fan_out()), intermediates=())
SUCCEEDED_IN_ONE = replace(
    IN_TWO_VAULTS,
    hops=tuple(
        replace(hop, state=HopState.VERIFIED).with_arrival(is_superseded=number == 0)
        for number, hop in enumerate(IN_TWO_VAULTS.hops)
    ),
)


@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        (WAITING, True),
        (VERIFIED, True),
        (SUCCEEDED, False),
        (SUCCEEDED_IN_ONE, True),
        (replace(SUCCEEDED, abandoned_by="ada"), True),
        (with_hop(SUCCEEDED, state=HopState.VERIFYING), True),
        (replace(VERIFIED, finished_at=NOW), False),
        (replace(WAITING, finished_at=NOW), False),
    ],
)
def test_a_chain_is_current_until_it_is_finished_or_succeeded(chain: Chain, expected: bool) -> None:
    assert is_current(chain) is expected
