"""The governor under any sequence of saves: slots and claims are exactly those of the chains, in both stores."""

from __future__ import annotations

from dataclasses import replace

import boto3
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from moto import mock_aws

from secondhop.adapters.dynamodb_chains import DynamoDbChains
from secondhop.adapters.memory_chains import MemoryChains
from secondhop.application.ports import ChainStore, ClaimTakenError, SlotTakenError
from secondhop.domain.chain import Chain, ChainKey
from secondhop.domain.errors import ConflictError
from secondhop.domain.hop import HopState
from tests.builders import ARRIVAL_ARN, DR_VAULT, ORDERS, a_chain, a_route, an_arrival, with_hop
from tests.contract.conftest import table_of_the_template

LIMIT = 2
DATABASES, POINTS, ROUTES, TYPES = 4, 8, ("default", "other"), ("RDS", "Aurora")

points = st.integers(0, POINTS - 1)
routes = st.sampled_from(ROUTES)


def a_point_number(number: int) -> dict[str, str]:
    """Points 0 and 4 are of the same database, and so on; three databases are RDS instances, one is a cluster."""
    return {
        "arn": f"{ARRIVAL_ARN}-{number}",
        "database": f"{ORDERS}-{number % DATABASES}",
        "resource_type": TYPES[number % DATABASES == DATABASES - 1],
    }


class Governor(RuleBasedStateMachine):
    """Chains that are opened, take slots, give them back, and are abandoned, against a model in two sets."""

    def new_store(self) -> ChainStore:
        return MemoryChains()

    def __init__(self) -> None:
        super().__init__()
        self.store = self.new_store()
        self.chains: dict[ChainKey, Chain] = {}
        self.stale: list[tuple[Chain, Chain]] = []

    def held(self) -> list[Chain]:
        return [chain for chain in self.chains.values() if chain.hop("to-dr").state is HopState.COPYING]

    def save(self, after: Chain, before: Chain) -> None:
        self.chains[after.key] = self.store.save(after, before=before, limit=LIMIT)
        self.stale.append((before, after))

    @rule(number=points, route=routes)
    def open(self, number: int, route: str) -> None:
        chain = a_chain(a_route(name=route), point=an_arrival(**a_point_number(number)))
        if chain.key not in self.chains:
            self.chains[chain.key] = self.store.save(chain, before=None, limit=LIMIT)

    @rule(number=points, route=routes)
    def start(self, number: int, route: str) -> None:
        chain = self.chains.get(ChainKey(f"{ARRIVAL_ARN}-{number}", route))
        if chain is None or chain in self.held() or chain.abandoned_by is not None:
            return
        rivals = [each for each in self.held() if each.resource_type == chain.resource_type]
        is_full = len(rivals) >= LIMIT or any(each.database == chain.database for each in rivals)
        claimed = [each for each in self.chains.values() if each.hop("to-dr").attempt.number and each.key != chain.key]
        is_claimed = any(each.key.recovery_point == chain.key.recovery_point for each in claimed)
        after = with_hop(chain, state=HopState.COPYING, attempt=chain.hop("to-dr").attempt.number + 1)
        if not (is_full or is_claimed):
            self.save(after, chain)
            return
        with pytest.raises((SlotTakenError, ClaimTakenError)) as refused:
            self.store.save(after, before=chain, limit=LIMIT)
        assert is_claimed or isinstance(refused.value, SlotTakenError)
        assert is_full or isinstance(refused.value, ClaimTakenError)

    @rule(number=points, route=routes, state=st.sampled_from([HopState.WAITING, HopState.VERIFYING, HopState.STRANDED]))
    def leave(self, number: int, route: str, state: HopState) -> None:
        chain = self.chains.get(ChainKey(f"{ARRIVAL_ARN}-{number}", route))
        if chain is not None and chain in self.held():
            self.save(with_hop(chain, state=state), chain)

    @rule(number=points, route=routes)
    def abandon(self, number: int, route: str) -> None:
        chain = self.chains.get(ChainKey(f"{ARRIVAL_ARN}-{number}", route))
        if chain is not None and chain.abandoned_by is None:
            self.save(replace(chain, abandoned_by="ada"), chain)

    @rule()
    def repeat_a_save_that_was_made(self) -> None:
        if not self.stale:
            return
        before, after = self.stale[-1]
        with pytest.raises(ConflictError):
            self.store.save(after, before=before, limit=LIMIT)

    @invariant()
    def every_chain_is_as_it_was_saved(self) -> None:
        for key, chain in self.chains.items():
            assert self.store.get(key) == chain

    @invariant()
    def no_lane_is_over_its_quota_and_no_database_is_copied_twice(self) -> None:
        for resource_type in TYPES:
            databases = [chain.database for chain in self.held() if chain.resource_type == resource_type]
            assert len(databases) <= LIMIT
            assert len(set(databases)) == len(databases)

    @invariant()
    def each_copy_is_claimed_by_one_chain_and_the_claim_stays(self) -> None:
        for number in range(POINTS):
            arn = f"{ARRIVAL_ARN}-{number}"
            begun = [c for c in self.chains.values() if c.key.recovery_point == arn and c.hop("to-dr").attempt.number]
            claim = self.store.owner_of(source=arn, destination_vault_arn=DR_VAULT.arn)
            assert [chain.key for chain in begun] == ([] if claim is None else [claim.owner])

    def teardown(self) -> None:
        """What is given back is free: as many copies as the quota allows can be started once all others ended."""
        for chain in self.held():
            self.save(with_hop(chain, state=HopState.VERIFYING), chain)
        for number in range(LIMIT):
            point = an_arrival(arn=f"{ARRIVAL_ARN}-new-{number}", database=f"{ORDERS}-new-{number}")
            begun = with_hop(a_chain(point=point), state=HopState.COPYING, attempt=1)
            self.store.save(begun, before=None, limit=LIMIT)


class GovernorInATable(Governor):
    """The same, in DynamoDB's store."""

    def new_store(self) -> ChainStore:
        self.aws = mock_aws()
        self.aws.start()
        client = boto3.client(
            "dynamodb", region_name="eu-west-1", aws_access_key_id="testing", aws_secret_access_key="testing"
        )
        client.create_table(TableName="chains", **table_of_the_template())
        return DynamoDbChains(client, "chains")

    def teardown(self) -> None:
        try:
            super().teardown()
        finally:
            self.aws.stop()


def test_the_governor_in_memory_never_leaks_a_slot_and_never_gives_one_twice() -> None:
    run_state_machine_as_test(Governor)


def test_the_governor_in_a_table_never_leaks_a_slot_and_never_gives_one_twice() -> None:
    few = settings(settings.default, max_examples=4, stateful_step_count=15)
    run_state_machine_as_test(GovernorInATable, settings=few)
