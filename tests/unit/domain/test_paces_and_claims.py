"""When a chain is looked at again, which slots and claims a change of it means, and the bounds of small values."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from secondhop.domain.arn import Arn, Site, Vault, is_multi_az_cluster
from secondhop.domain.chain import Chain, ChainState, IntermediateState
from secondhop.domain.checking import next_check
from secondhop.domain.classification import Cause
from secondhop.domain.errors import MalformedError, SettingsError
from secondhop.domain.hop import HopState, Trouble
from secondhop.domain.ledger import Changes, Claim, Slot, changes
from secondhop.domain.observation import SlotRefused
from secondhop.domain.outbox import Pending
from secondhop.domain.release_observation import DeleteAccepted
from secondhop.domain.route import problems_of
from secondhop.domain.rules.step import HopSituation, IntermediateSituation, token_of
from secondhop.domain.rules.table import step_hop, step_intermediate
from secondhop.domain.slices import FIRST_BACKUPS, Slice, older_slice
from tests.builders import (
    ARRIVAL_ARN,
    COPY_ARN,
    CUSTOMERS,
    DR_VAULT,
    NOW,
    ORDERS,
    SECOND_DR_VAULT,
    WATCHED,
    a_chain,
    a_fan_out,
    a_leg,
    a_route,
    a_sequence,
    with_hop,
    with_intermediate,
)
from tests.hop_steps import DAY, HOUR, SECOND, START

MINUTE = timedelta(minutes=1)


def looked(**changes: Any) -> object:
    return next_check(with_hop(a_chain(source_expires_at=None), **changes), a_route(), NOW)


def a_copy_of(**changes: Any) -> object:
    made = {"state": HopState.VERIFIED, "arrival": COPY_ARN, "since": NOW, "promised_until": NOW + 35 * DAY}
    return looked(**{**made, **changes})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, NOW + 12 * HOUR),
        ({"last_seen_at": NOW}, NOW + DAY),
        ({"is_superseded": True}, NOW + 7 * DAY),
        ({"is_superseded": True, "last_seen_at": NOW + HOUR}, NOW + 7 * DAY + HOUR),
        ({"promised_until": NOW}, NOW + 8 * HOUR),
        ({"last_seen_at": NOW - 3 * DAY}, NOW + HOUR),
        ({"promised_until": NOW - 8 * HOUR}, NOW + HOUR),
        ({"arrival": None}, NOW + 35 * DAY + 8 * HOUR),
        ({"seen_gone_at": NOW}, None),
        ({"promised_until": None}, None),
    ],
)
def test_a_verified_copy_is_looked_at_in_its_own_time_and_never_in_the_past(
    changes: dict[str, Any], expected: object
) -> None:
    assert a_copy_of(**changes) == expected


@pytest.mark.parametrize("state", [HopState.WAITING, HopState.STRANDED])
def test_a_hop_is_looked_at_when_its_wait_is_over(state: HopState) -> None:
    pace = NOW + (DAY if state is HopState.STRANDED else 15 * MINUTE)

    assert looked(state=state, not_before=NOW + SECOND) == NOW + SECOND
    assert looked(state=state, not_before=NOW) == pace
    assert looked(state=state, not_before=NOW - HOUR) == pace


TROUBLE = Trouble(cause=Cause.DELETE_FAILED, message="As AWS said.", since=NOW)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"state": IntermediateState.HELD}, NOW + 12 * HOUR),
        ({"state": IntermediateState.RELEASED}, NOW + 12 * HOUR),
        ({"state": IntermediateState.DUE}, NOW + DAY),
        ({"state": IntermediateState.RELEASING}, NOW + 15 * MINUTE),
        ({"state": IntermediateState.RELEASING, "trouble": TROUBLE}, NOW + DAY),
    ],
)
def test_an_intermediate_is_looked_at_while_something_is_to_happen_to_it(
    changes: dict[str, Any], expected: object
) -> None:
    last_seen = NOW - 12 * HOUR if expected == NOW + 12 * HOUR else NOW + 9 * DAY
    chain = with_hop(
        a_chain(), state=HopState.VERIFIED, arrival=COPY_ARN, last_seen_at=last_seen, promised_until=NOW + 35 * DAY
    )

    assert next_check(with_intermediate(chain, **changes), a_route(), NOW) == expected


def test_the_earliest_of_all_moments_counts() -> None:
    chain = replace(a_chain(), pending=(Pending(command=START, until=NOW + SECOND),))
    assert next_check(chain, a_route(), NOW) == NOW + SECOND
    assert next_check(replace(chain, abandoned_by="ada"), a_route(), NOW) == NOW + SECOND

    trouble = Trouble(cause=Cause.ROLE, message="", since=NOW - DAY)
    stranded = with_hop(
        a_chain(source_expires_at=NOW + 2 * DAY + HOUR), state=HopState.STRANDED, trouble=trouble, unresolved=trouble
    )
    assert next_check(stranded, a_route(), NOW) == NOW + HOUR
    assert next_check(stranded, a_route(), NOW + HOUR) == NOW + HOUR + DAY


SLOT = Slot(DR_VAULT.site, "RDS", ORDERS, a_chain().key, "to-dr")
CLAIM = Claim(ARRIVAL_ARN, DR_VAULT.arn, a_chain().key, "to-dr")
FOUND = Claim(COPY_ARN, DR_VAULT.arn, a_chain().key, "to-dr")
WAITING = a_chain()
COPYING = with_hop(WAITING, state=HopState.COPYING, attempt=1)
VERIFIED = with_hop(WAITING, state=HopState.VERIFIED, attempt=1, arrival=COPY_ARN)
ADOPTED = with_hop(VERIFIED, arrival_is_adopted=True)
FINISHED = replace(ADOPTED, finished_at=NOW)


@pytest.mark.parametrize(
    ("before", "after", "claims", "taken", "returned"),
    [
        (None, WAITING, (), (), ()),
        (None, COPYING, (CLAIM,), (SLOT,), ()),
        (WAITING, COPYING, (CLAIM,), (SLOT,), ()),
        (COPYING, COPYING, (), (), ()),
        (COPYING, VERIFIED, (), (), (SLOT,)),
        (COPYING, replace(COPYING, abandoned_by="ada"), (), (), ()),
        (replace(COPYING, abandoned_by="ada"), replace(WAITING, abandoned_by="ada"), (), (), (SLOT,)),
        (COPYING, ADOPTED, (FOUND,), (), (SLOT,)),
        (ADOPTED, FINISHED, (CLAIM, FOUND), (), ()),
        (FINISHED, FINISHED, (), (), ()),
        (None, FINISHED, (CLAIM, FOUND), (), ()),
    ],
)
def test_claims_and_slots_are_read_off_the_two_versions(
    before: Chain | None, after: Chain, claims: tuple[Claim, ...], taken: tuple[Slot, ...], returned: tuple[Slot, ...]
) -> None:
    assert changes(before, after) == Changes(claims=claims, taken=taken, returned=returned)


def test_a_hop_without_a_source_claims_nothing() -> None:
    chain = with_hop(a_chain(a_sequence()), "to-far", attempt=1)

    assert changes(None, chain).claims == ()


def test_a_chain_in_several_troubles_is_too_late_only_if_all_of_them_are() -> None:
    late = replace(TROUBLE, cause=Cause.TOO_LATE)
    both = with_hop(with_hop(a_chain(a_fan_out()), trouble=late), "to-far", trouble=late)

    assert both.state is ChainState.TOO_LATE
    assert with_hop(both, trouble=TROUBLE).state is ChainState.STRANDED
    assert with_hop(both, trouble=TROUBLE).troubled() == (("to-dr", TROUBLE), ("to-far", late))


def test_a_chain_releases_until_its_intermediate_is_gone() -> None:
    assert with_intermediate(VERIFIED, state=IntermediateState.RELEASING).state is ChainState.RELEASING
    assert with_intermediate(VERIFIED, state=IntermediateState.RELEASED).state is ChainState.COMPLETE


def test_what_must_stand_for_an_intermediate_are_the_last_copies_made_from_it() -> None:
    chain = with_hop(a_chain(a_sequence()), state=HopState.VERIFIED, arrival=COPY_ARN)
    assert [hop.name for hop in chain.standing_arrivals("arrival")] == ["to-dr"]

    released = with_intermediate(chain, "to-dr", state=IntermediateState.RELEASED)
    assert [hop.name for hop in released.standing_arrivals("arrival")] == ["to-far"]


def test_a_pending_effect_is_found_by_its_subject_and_kind() -> None:
    other = Pending(command=replace(START, subject="to-far"), until=NOW)
    mine = Pending(command=START, until=NOW)
    chain = replace(a_chain(), pending=(other, mine))

    assert chain.pending_of("to-dr", type(START)) == mine
    assert chain.pending_of("elsewhere", type(START)) is None


def test_every_fault_of_a_routes_shape_is_named() -> None:
    wrong = a_route(
        legs=(
            a_leg(reads_from="nowhere"),
            a_leg(destination=SECOND_DR_VAULT),
            a_leg(name="arrival", destination=WATCHED),
        )
    )

    assert problems_of(wrong) == (
        "leg to-dr reads from nowhere, which is no earlier leg",
        "leg name to-dr is used twice",
        "leg name arrival is used twice",
        f"vault {WATCHED} is used twice",
    )
    assert problems_of(a_sequence()) == ()


def test_what_a_route_does_not_claim_it_refuses_with_what_it_found() -> None:
    elsewhere = ORDERS.replace("eu-west-1", "eu-west-3")
    foreign = ORDERS.replace("111122223333", "999999999999")

    assert a_route().refusal(database_arn=ORDERS, resource_type="RDS") is None
    assert a_route().refusal(database_arn=ORDERS, resource_type="EBS") == "resource type EBS is not one of this route"
    assert a_route().refusal(database_arn=foreign, resource_type="RDS") == (
        "its database belongs to account 999999999999, which this route does not serve"
    )
    assert a_route().refusal(database_arn=elsewhere, resource_type="RDS") == (
        "its database is in eu-west-3, which this route does not serve"
    )


def test_settings_that_cannot_be_used_are_all_told_in_one_sentence() -> None:
    assert str(SettingsError(("one", "two"))) == "The settings of this installation cannot be used: one; two"


@pytest.mark.parametrize(("seconds", "is_parted"), [(1.999, False), (2, True)])
def test_a_slice_is_halved_while_its_halves_are_a_second_long(seconds: float, is_parted: bool) -> None:
    whole = Slice(route="default", after=NOW, before=NOW + timedelta(seconds=seconds))

    middle = NOW + timedelta(seconds=seconds / 2)
    halves = (replace(whole, after=middle), replace(whole, before=middle))
    assert whole.halves() == (halves if is_parted else (whole,))


@pytest.mark.parametrize(
    ("swept_back_to", "expected"),
    [
        (None, (NOW - 14 * DAY, NOW - 7 * DAY)),
        (NOW - 7 * DAY, (NOW - 14 * DAY, NOW - 7 * DAY)),
        (NOW - 6 * DAY, (NOW - 14 * DAY, NOW - 7 * DAY)),
        (NOW - 14 * DAY, (NOW - 21 * DAY, NOW - 14 * DAY)),
        (NOW - 98 * DAY + SECOND, (NOW - 105 * DAY + SECOND, NOW - 98 * DAY + SECOND)),
        (NOW - 98 * DAY, (FIRST_BACKUPS, NOW - 98 * DAY)),
        (FIRST_BACKUPS + SECOND, (FIRST_BACKUPS, FIRST_BACKUPS + SECOND)),
        (FIRST_BACKUPS, (NOW - 14 * DAY, NOW - 7 * DAY)),
    ],
)
def test_older_slices_come_in_turn_down_to_the_first_backups(swept_back_to: Any, expected: object) -> None:
    assert older_slice(swept_back_to, NOW) == expected


def test_a_token_is_one_text_for_one_attempt_in_every_release() -> None:
    """Two installations must agree on it, also while one of them is upgraded."""
    one = token_of(source="source", destination_vault_arn="vault", attempt=1)

    assert one == "5d5fc98af031b038f32d591c306e13676a379854fc106d4c1053c47c5db7ad56"
    others = {
        token_of(source="other", destination_vault_arn="vault", attempt=1),
        token_of(source="source", destination_vault_arn="other", attempt=1),
        token_of(source="source", destination_vault_arn="vault", attempt=2),
    }
    assert len({one, *others}) == 4


def test_a_fact_that_means_nothing_changes_nothing_and_says_which() -> None:
    chain = VERIFIED
    hop = step_hop(
        HopSituation(chain=chain, hop=chain.hop("to-dr"), route=a_route(), now=NOW),
        SlotRefused(hop="to-dr", why="full"),
    )
    assert (hop.hop, hop.commands) == (chain.hop("to-dr"), ())
    assert hop.reason == "SlotRefused changes nothing while VERIFIED"

    each = step_intermediate(
        IntermediateSituation(chain=chain, intermediate=chain.intermediate("arrival"), route=a_route(), now=NOW),
        DeleteAccepted(intermediate="arrival"),
    )
    assert (each.intermediate, each.commands) == (chain.intermediate("arrival"), ())
    assert each.reason == "DeleteAccepted changes nothing while HELD"


def test_an_arn_is_read_part_by_part_and_refused_with_what_was_found() -> None:
    parsed = Arn.parse(ORDERS)
    assert parsed == Arn("aws", "rds", "eu-west-1", "111122223333", "db:orders")
    assert parsed.site == Site("111122223333", "eu-west-1")

    with pytest.raises(MalformedError, match=r"^not an ARN: 'arn:aws:rds'$"):
        Arn.parse("arn:aws:rds")
    with pytest.raises(MalformedError, match=r"^not the ARN of a backup vault: 'arn:aws:rds:"):
        Vault.parse(ORDERS)


def test_only_a_cluster_of_type_rds_is_a_multi_az_cluster() -> None:
    assert is_multi_az_cluster("RDS", CUSTOMERS)
    assert not is_multi_az_cluster("RDS", ORDERS)
    assert not is_multi_az_cluster("Aurora", CUSTOMERS)
