"""What a refused transaction means: which write was refused is told by its place among the reasons."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from secondhop.adapters.chain_items import claim_item, holder_name, text
from secondhop.adapters.chain_writes import Write, refusal_of
from secondhop.adapters.dynamodb_chains import DynamoDbChains
from secondhop.application.ports import ClaimTakenError, SlotTakenError
from secondhop.domain.chain import ChainKey
from secondhop.domain.errors import ConflictError, DeniedError, FinalError, SecondHopError, SilentError, TryAgainError
from secondhop.domain.hop import HopState
from secondhop.domain.ledger import Claim
from tests.builders import ARRIVAL_ARN, DR_VAULT, ORDERS, a_chain, with_hop

OWNER = ChainKey(ARRIVAL_ARN, "other")
CLAIM = claim_item(Claim(ARRIVAL_ARN, DR_VAULT.arn, OWNER, "to-dr"))
FULL = {"in_flight": {"N": "20"}}
HELD = {"in_flight": {"N": "1"}, f"h_{holder_name(ORDERS)}": text("somebody|to-dr")}
PASSED, FAILED = {"Code": "None"}, {"Code": "ConditionalCheckFailed"}
# Written out here, so that a code which is lost from the adapter's set is noticed.
PASSING_CODES = (
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "ItemCollectionSizeLimitExceededException",
    "KmsThrottled",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionConflictException",
    "TransactionInProgressException",
)
THROTTLED = ("ThrottlingError", "ProvisionedThroughputExceeded")


class Table:
    """A client that refuses every transaction with the given error, and knows a claim and a slots item."""

    def __init__(self, error: Any, *, claim: Any = CLAIM, slots: Any = FULL) -> None:
        self._error = ClientError(error, "TransactWriteItems")
        self._items = {"claim": claim, "slots": slots}
        self.asked: list[list[str]] = []

    def transact_write_items(self, *, TransactItems: list[dict[str, Any]]) -> None:  # noqa: N803 - boto3's own spelling
        self.asked.append([next(iter(item)) for item in TransactItems])
        raise self._error

    def put_item(self, **request: Any) -> None:
        self.asked.append(["put_item"])
        assert request["ConditionExpression"] == "#v = :v"
        raise ClientError({"Error": {"Code": "ConditionalCheckFailedException"}}, "PutItem")

    def get_item(self, *, Key: dict[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803 - boto3's own spelling
        item = self._items.get(Key["pk"]["S"].partition("#")[0])
        return {"Item": item} if item else {}


def cancelled(*reasons: dict[str, str]) -> dict[str, Any]:
    return {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": list(reasons)}


def start(table: Table) -> SecondHopError:
    """Save the chain that starts its copy: the chain, its claim and its slot are written."""
    with pytest.raises(SecondHopError) as refused:
        DynamoDbChains(table, "chains").save(
            with_hop(a_chain(), state=HopState.COPYING, attempt=1), before=None, limit=20
        )
    return refused.value


def test_a_refused_chain_was_written_by_others() -> None:
    error = start(Table(cancelled(FAILED, PASSED, PASSED)))

    assert type(error) is ConflictError
    assert str(error) == f"chain {a_chain().key} was written by others"


def test_a_refused_chain_outweighs_a_refused_claim_and_slot() -> None:
    assert type(start(Table(cancelled(FAILED, FAILED, FAILED)))) is ConflictError


def test_a_refused_claim_names_its_owner() -> None:
    error = start(Table(cancelled(PASSED, FAILED, PASSED)))

    assert isinstance(error, ClaimTakenError)
    assert (error.hop, error.owner, error.point) == ("to-dr", OWNER, ARRIVAL_ARN)


def test_a_refused_claim_that_is_gone_when_it_is_read_is_a_conflict() -> None:
    error = start(Table(cancelled(PASSED, FAILED, PASSED), claim=None))

    assert type(error) is ConflictError
    assert str(error) == "the claim changed"


@pytest.mark.parametrize(
    ("slots", "words"),
    [
        (FULL, "20 RDS copies are in flight into 444455556666/eu-central-1, which is the limit"),
        (HELD, f"another copy of {ORDERS} is in flight into 444455556666/eu-central-1"),
        (None, "0 RDS copies are in flight"),
    ],
)
def test_a_refused_slot_says_why(slots: dict[str, Any] | None, words: str) -> None:
    error = start(Table(cancelled(PASSED, PASSED, FAILED), slots=slots))

    assert isinstance(error, SlotTakenError)
    assert error.hop == "to-dr"
    assert words in str(error)


def test_a_slot_that_cannot_be_given_back_is_let_go_once() -> None:
    table = Table(cancelled(PASSED, FAILED))
    copying = with_hop(a_chain(version=1), state=HopState.COPYING, attempt=1)

    with pytest.raises(ConflictError):
        DynamoDbChains(table, "chains").save(with_hop(copying, state=HopState.VERIFYING), before=copying, limit=20)
    assert table.asked == [["Put", "Update"], ["put_item"]]


@pytest.mark.parametrize("code", THROTTLED)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_throttled_table_is_not_a_conflict(code: str, place: int) -> None:
    reasons = [PASSED] * 3
    reasons[place] = {"Code": code}
    error = start(Table(cancelled(*reasons)))

    assert type(error) is TryAgainError
    assert str(error) == "the table is throttled"


@pytest.mark.parametrize("reasons", [[], [{}, {}, {}], [{"Code": "TransactionConflict"}, PASSED, PASSED]])
def test_a_transaction_that_lost_against_another_is_a_conflict(reasons: list[dict[str, str]]) -> None:
    assert type(start(Table(cancelled(*reasons)))) is ConflictError


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        *((code, 400, TryAgainError) for code in PASSING_CODES),
        ("ServiceUnavailable", 400, SilentError),
        ("ServiceUnavailableException", 400, SilentError),
        ("InternalServerError", 500, SilentError),
        *((code, 400, DeniedError) for code in ("AccessDenied", "AccessDeniedException")),
        *((code, 403, DeniedError) for code in ("UnauthorizedOperation", "AuthorizationError")),
        ("ValidationException", 400, FinalError),
    ],
)
def test_an_error_of_the_whole_call_is_no_conflict(code: str, status: int, kind: type[SecondHopError]) -> None:
    answer = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}

    assert type(start(Table(answer))) is kind


def test_an_answer_without_reasons_is_a_conflict() -> None:
    answer = {"Error": {"Code": "TransactionCanceledException"}}

    assert type(start(Table(answer))) is ConflictError


def test_fewer_reasons_than_writes_are_those_of_the_first_writes() -> None:
    assert isinstance(start(Table(cancelled({}, FAILED))), ClaimTakenError)


def test_a_slot_that_disagrees_twice_names_the_chain() -> None:
    chain = with_hop(a_chain(), state=HopState.COPYING, attempt=1)
    writes = [Write(request={"Put": {}}), Write(request={"Update": {}})]
    error = refusal_of(cancelled(PASSED, FAILED), writes, chain.key, lambda _: None)

    assert str(error) == f"the slots of chain {chain.key} are not as remembered"
