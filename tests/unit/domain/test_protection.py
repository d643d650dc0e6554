"""Safe, not safe and not seen, from the current chains of a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from secondhop.domain.causes import Cause
from secondhop.domain.chain import Chain
from secondhop.domain.hop import HopState, Trouble
from secondhop.domain.protection import Protection, Safety, protections_of, worst_first
from secondhop.domain.route import RouteKind
from tests.builders import (
    ARRIVAL_ARN,
    COPY_ARN,
    DR_VAULT,
    NIGHT,
    NOW,
    ORDERS,
    SECOND_DR_VAULT,
    a_chain,
    a_fan_out,
    an_arrival,
    with_hop,
)

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
TARGET = timedelta(hours=54)


def verified(at: datetime = NIGHT, **arrival: Any) -> Chain:
    """A chain of a backup, with a verified copy that AWS showed an hour after it."""
    chain = replace(a_chain(point=an_arrival(arn=f"{ARRIVAL_ARN}-{at:%d}", created_at=at)), intermediates=())
    seen = {"last_seen_at": at + HOUR, **arrival}
    return with_hop(chain, state=HopState.VERIFIED, arrival=COPY_ARN, attempt=1, **seen)


def waiting(at: datetime = NIGHT) -> Chain:
    return replace(a_chain(point=an_arrival(arn=f"{ARRIVAL_ARN}-{at:%d}", created_at=at)), intermediates=())


def stranded(at: datetime = NIGHT) -> Chain:
    trouble = Trouble(cause=Cause.VAULT_KEY, message="the key", since=at)
    return with_hop(waiting(at), state=HopState.STRANDED, trouble=trouble)


def of(*chains: Chain, now: datetime = NOW) -> Protection:
    (found,) = protections_of(chains, now=now, target=TARGET)
    return found


def test_a_database_with_a_young_verified_copy_is_safe() -> None:
    found = of(verified())

    assert (found.safety, found.database, found.vault, found.point) == (Safety.SAFE, ORDERS, DR_VAULT, COPY_ARN)
    assert (found.backed_up_at, found.loss, found.seen_at) == (NIGHT, NOW - NIGHT, NIGHT + HOUR)
    assert (found.reason, found.chain, found.trouble) == ("", None, None)


@pytest.mark.parametrize(("age", "safety"), [(TARGET, Safety.SAFE), (TARGET + HOUR, Safety.NOT_SAFE)])
def test_a_copy_that_is_older_than_the_target_is_not_safe(age: timedelta, safety: Safety) -> None:
    copied = verified(last_seen_at=NIGHT + age)

    assert of(copied, now=NIGHT + age).safety is safety


def test_the_newest_verified_copy_counts() -> None:
    found = of(verified(NIGHT + DAY), verified(NIGHT, is_superseded=True), now=NIGHT + DAY + HOUR)

    assert (found.backed_up_at, found.loss) == (NIGHT + DAY, HOUR)


def test_a_newer_backup_without_a_copy_explains_an_old_copy() -> None:
    late = NIGHT + 3 * DAY
    found = of(verified(last_seen_at=late), stranded(NIGHT + DAY), stranded(NIGHT + 2 * DAY), now=late)

    assert (found.safety, found.cause) == (Safety.NOT_SAFE, Cause.VAULT_KEY)
    assert found.chain is not None
    assert found.chain.created_at == NIGHT + 2 * DAY
    assert found.reason == (
        "its newest copy is older than the target; the backup of 2026-01-07 01:00 UTC is STRANDED (VAULT_KEY)"
    )


def test_a_chain_in_trouble_that_is_older_than_the_copy_is_no_reason() -> None:
    found = of(verified(NIGHT + DAY), stranded(NIGHT), now=NIGHT + DAY + HOUR)

    assert (found.safety, found.chain) == (Safety.SAFE, None)


def test_an_old_copy_with_no_newer_backup_says_that_none_has_arrived() -> None:
    late = NIGHT + 3 * DAY

    assert of(verified(last_seen_at=late), now=late).reason.endswith("; no newer backup has arrived")


@pytest.mark.parametrize(
    "chain",
    [
        waiting(),
        with_hop(verified(), state=HopState.VERIFYING),
        verified(seen_gone_at=NOW),
        with_hop(verified(), state=HopState.VERIFIED, arrival=None),
    ],
)
def test_a_copy_that_is_not_verified_or_is_gone_does_not_count(chain: Chain) -> None:
    found = of(chain)

    assert (found.safety, found.loss, found.point) == (Safety.NOT_SAFE, None, None)
    assert found.reason.startswith("it has no verified copy; ")


@pytest.mark.parametrize(
    ("between", "is_superseded"), [(DAY, False), (7 * DAY, True)], ids=["daily", "weekly while a newer one was known"]
)
def test_a_copy_that_no_one_has_looked_at_for_too_long_is_not_seen(between: timedelta, is_superseded: bool) -> None:
    copied = verified(NIGHT - 30 * DAY, last_seen_at=NIGHT, is_superseded=is_superseded)
    on_time, late = (of(copied, now=NIGHT + between + DAY + wait) for wait in (timedelta(0), HOUR))

    assert (on_time.safety, late.safety) == (Safety.NOT_SAFE, Safety.NOT_SEEN)
    assert late.reason == "no one has looked at its newest copy since 2026-01-05 01:00 UTC"


def test_a_copy_that_was_never_shown_again_was_seen_when_it_was_verified() -> None:
    copied = with_hop(verified(last_seen_at=None), since=NOW)

    assert (of(copied).safety, of(copied).seen_at) == (Safety.SAFE, NOW)


def test_a_copy_about_which_aws_is_silent_is_not_seen() -> None:
    found = of(with_hop(verified(), silent_since=NOW))

    assert found.safety is Safety.NOT_SEEN
    assert found.reason == "AWS has not answered about its newest copy since 2026-01-05 04:00 UTC"


def test_each_final_vault_has_an_answer_of_its_own() -> None:
    chain = replace(a_chain(a_fan_out()), intermediates=())
    first, second = chain.hops
    well = replace(first, state=HopState.VERIFIED).with_arrival(point=COPY_ARN, last_seen_at=NOW)
    found = list(protections_of([chain.with_hop(well)], now=NOW, target=TARGET))

    assert [(each.vault, each.safety) for each in found] == [
        (DR_VAULT, Safety.SAFE),
        (SECOND_DR_VAULT, Safety.NOT_SAFE),
    ]
    assert second.destination == SECOND_DR_VAULT


def test_a_copy_that_is_copied_onward_is_no_final_copy() -> None:
    chain = a_chain(a_fan_out())
    onward = replace(chain.intermediates[0], name="to-dr")

    assert [
        each.vault for each in protections_of([replace(chain, intermediates=(onward,))], now=NOW, target=TARGET)
    ] == [SECOND_DR_VAULT]


def test_a_first_hop_is_no_final_copy() -> None:
    found = of(replace(verified(), kind=RouteKind.FIRST_HOPS))

    assert (found.safety, found.vault, found.reason) == (
        Safety.NOT_SAFE,
        None,
        "it has no verified copy; no backup is on its way",
    )


def test_the_worst_comes_first() -> None:
    def a_protection(safety: Safety, loss: timedelta | None, name: str) -> Protection:
        return replace(of(verified()), safety=safety, loss=loss, database=name)

    found = worst_first(
        [
            a_protection(Safety.SAFE, HOUR, "safe"),
            a_protection(Safety.NOT_SEEN, DAY, "not seen"),
            a_protection(Safety.NOT_SAFE, HOUR, "b"),
            a_protection(Safety.NOT_SAFE, HOUR, "a"),
            a_protection(Safety.NOT_SAFE, DAY, "older"),
            a_protection(Safety.NOT_SAFE, None, "without a copy"),
        ]
    )

    assert [each.database for each in found] == ["without a copy", "older", "a", "b", "not seen", "safe"]
