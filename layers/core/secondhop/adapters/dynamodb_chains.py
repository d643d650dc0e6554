"""The chain store in one DynamoDB table.

| item | pk | sk |
|---|---|---|
| chain | `chain#<recovery point ARN>` | `route#<route>` |
| claim | `claim#<source ARN>` | `into#<destination vault ARN>` |
| slots | `slots#<account>#<region>` | `type#<resource type>` |
| group of incidents | `group#<id>` | `members` |
| circuit of a site | `circuit#<account>#<region>` | `copies` |
| pause | `pause` | `route#<route>` |
| sweep progress | `installation` | `memory` |

A save is one TransactWriteItems: the chain under its version, its claims, its slots. A chain alone is put. A slots
item holds a map from a hash of the database's ARN to the hop that has the copy in flight, and their count. So both "one
per database" and the quota are conditions of the write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from secondhop.adapters.aws_errors import code_of, translated
from secondhop.adapters.chain_items import (
    CHECK_QUEUE,
    chain_item,
    chain_keys,
    circuit_item,
    circuit_keys,
    claim_keys,
    expiry,
    group_item,
    group_keys,
    key_of,
    moment,
    read_circuit,
    read_claim,
    read_group,
    read_item,
    read_sweep_progress,
    read_waiting,
    slots_keys,
    sweep_progress_item,
    text,
    waiting_for,
)
from secondhop.adapters.chain_writes import (
    SlotsDisagreeError,
    Write,
    chain_write,
    claim_writes,
    refusal_by,
    refusal_of,
    slot_writes,
    use_of,
)
from secondhop.application.ports import Unreadable, Waiting
from secondhop.domain.arn import Site
from secondhop.domain.chain import Chain, ChainKey
from secondhop.domain.circuit import Circuit
from secondhop.domain.classification import Cause
from secondhop.domain.errors import ConflictError, UnreadableItemError
from secondhop.domain.gathering import Group
from secondhop.domain.lane import Lane, LaneUse
from secondhop.domain.ledger import Changes, Claim, Slot, SlotRefusal, changes
from secondhop.domain.sweep_progress import SweepProgress

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
BATCH_KEYS = 100
# A group is of one day; half a year later, its end is of no interest.
GROUP_MEMORY = timedelta(days=180)
_NEVER_OR_CLEAN = "attribute_not_exists(pk) OR memory = :before"

# An item that cannot be read stops what it is about: a pause still pauses.
PAUSED_BY_NOBODY = "someone with an unreadable name"
# Who asks for the newest first wants the first few; the rest of a database's history is not read for them.
FEW = 5
# So many waiting chains are read at once to find those that can use a slot; an item of the index takes about 400 bytes.
WAITING_PAGE = 50


class DynamoDbChains:
    """A `ChainStore` in a table. `client` is a boto3 DynamoDB client."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def get(self, key: ChainKey) -> Chain | None:
        item = self._get(chain_keys(key))
        return read_item(item) if item else None

    def save(self, chain: Chain, *, before: Chain | None, limit: int) -> Chain:
        due = changes(before, chain)
        try:
            return self._transact(chain, before, due, limit)
        except SlotsDisagreeError:
            # The table lost or never had a slot that this chain gives back. Nothing is left to give back, then.
            return self._transact(chain, before, replace(due, returned=()), limit)

    def _transact(self, chain: Chain, before: Chain | None, due: Changes, limit: int) -> Chain:
        version = before.version if before else 0
        saved = replace(chain, version=version + 1)
        writes = [
            chain_write(chain_item(saved), version=version),
            *claim_writes(due, expiry(chain)),
            *slot_writes(due, limit),
        ]
        if len(writes) == 1:
            return self._put_chain(saved, writes[0])
        table = {"TableName": self._table}
        items = [{kind: request | table for kind, request in write.request.items()} for write in writes]
        with translated():
            try:
                self._client.transact_write_items(TransactItems=items)
            except ClientError as error:
                if code_of(error) != "TransactionCanceledException":
                    raise
                raise refusal_of(error.response, writes, chain.key, self._get) from error
        return saved

    def _put_chain(self, saved: Chain, write: Write) -> Chain:
        """Write a chain by itself, which costs half of what a transaction costs."""
        if not self._if_still_so(self._client.put_item, write.request["Put"]):
            raise ConflictError(f"chain {saved.key} was written by others")
        return saved

    def owner_of(self, *, source: str, destination_vault_arn: str) -> Claim | None:
        item = self._get(claim_keys(source, destination_vault_arn))
        return read_claim(item) if item else None

    def of_database(self, database: str, *, newest_first: bool = False) -> Iterator[Chain | Unreadable]:
        for key in self._keys_of(database, {"ScanIndexForward": False, "Limit": FEW} if newest_first else {}):
            try:
                chain = self.get(key)
            except UnreadableItemError as error:
                yield Unreadable(key=key, why=str(error))
            else:
                if chain is not None:
                    yield chain

    def newest_of_database(self, database: str, *, count: int) -> list[ChainKey]:
        return list(islice(self._keys_of(database, {"ScanIndexForward": False, "Limit": count}), count))

    def _keys_of(self, database: str, order: dict[str, Any]) -> Iterator[ChainKey]:
        condition = {
            "KeyConditionExpression": "#d = :d",
            "ExpressionAttributeNames": {"#d": "database"},
            "ExpressionAttributeValues": {":d": text(database)},
        }
        return (key_of(item) for item in self._query("databases", condition | order))

    def due(self, *, now: datetime) -> Iterator[ChainKey]:
        condition = {
            "KeyConditionExpression": "check_queue = :q AND check_at <= :now",
            "ExpressionAttributeValues": {":q": text(CHECK_QUEUE), ":now": text(moment(now))},
        }
        yield from (key_of(item) for item in self._query("checks", condition))

    def slot_refusal(self, slot: Slot, *, limit: int) -> SlotRefusal | None:
        return refusal_by(self._get(slots_keys(slot.lane)), slot, limit)

    def waiting(self, lane: Lane) -> Iterator[Waiting]:
        condition = {
            "KeyConditionExpression": "waiting_for = :w",
            "ExpressionAttributeValues": {":w": text(waiting_for(lane))},
            "Limit": WAITING_PAGE,
        }
        yield from (read_waiting(item) for item in self._query("waiting", condition))

    def lane_use(self, lane: Lane) -> LaneUse:
        return use_of(self._get(slots_keys(lane)))

    def stranded(self, cause: Cause) -> Iterator[ChainKey]:
        condition = {
            "KeyConditionExpression": "stranded_by = :c",
            "ExpressionAttributeValues": {":c": text(cause)},
        }
        yield from (key_of(item) for item in self._query("stranded", condition))

    def group(self, group: str) -> Group:
        item = self._get(group_keys(group))
        return read_group(item, group) if item else Group(id=group)

    def save_group(self, after: Group, *, before: Group, now: datetime) -> Group:
        saved = replace(after, version=before.version + 1)
        request: dict[str, Any] = {
            "Item": group_item(saved, expires_at=now + GROUP_MEMORY),
            "ConditionExpression": "attribute_not_exists(version)",
        }
        if before.version:
            version = {":before": {"N": str(before.version)}}
            request |= {"ConditionExpression": "version = :before", "ExpressionAttributeValues": version}
        if not self._if_still_so(self._client.put_item, request):
            raise ConflictError(f"the group of incidents {after.id} was written by another worker")
        return saved

    def _if_still_so(self, call: Callable[..., Any], request: dict[str, Any]) -> bool:
        """Write under a condition. False if it does not hold any more."""
        with translated():
            try:
                call(TableName=self._table, **request)
            except ClientError as error:
                if code_of(error) != "ConditionalCheckFailedException":
                    raise
                return False
        return True

    def known(self, keys: Iterable[ChainKey]) -> dict[ChainKey, bool]:
        found: dict[ChainKey, bool] = {}
        remaining = iter(dict.fromkeys(keys))
        while batch := list(islice(remaining, BATCH_KEYS)):
            found |= self._known_batch(batch)
        return found

    def _known_batch(self, batch: list[ChainKey]) -> dict[ChainKey, bool]:
        keys = [chain_keys(key) for key in batch]
        request: Any = {self._table: {"Keys": keys, "ProjectionExpression": "pk, sk, expires_at"}}
        found: dict[ChainKey, bool] = {}
        while request:
            with translated():
                answer = self._client.batch_get_item(RequestItems=request)
            found |= {key_of(item): "expires_at" in item for item in answer["Responses"].get(self._table, [])}
            request = answer.get("UnprocessedKeys")
        return found

    def circuit(self, site: Site) -> Circuit:
        item = self._get(circuit_keys(site))
        return read_circuit(item, site) if item else Circuit(site=site)

    def save_circuit(self, after: Circuit, *, before: Circuit | None) -> None:
        if before is None:
            with translated():
                self._client.put_item(TableName=self._table, Item=circuit_item(after))
            return
        condition = "memory = :before" if before != Circuit(site=after.site) else _NEVER_OR_CLEAN
        request = {
            "Item": circuit_item(after),
            "ConditionExpression": condition,
            "ExpressionAttributeValues": {":before": circuit_item(before)["memory"]},
        }
        if not self._if_still_so(self._client.put_item, request):
            raise ConflictError(f"the circuit of {after.site} was written by another worker")

    def pause(self, *, route: str, by: str | None) -> None:
        keys = {"pk": text("pause"), "sk": text(f"route#{route}")}
        with translated():
            if by is None:
                self._client.delete_item(TableName=self._table, Key=keys)
            else:
                self._client.put_item(TableName=self._table, Item={**keys, "by": text(by)})

    def paused_by(self, route: str) -> str | None:
        item = self._get({"pk": text("pause"), "sk": text(f"route#{route}")})
        return str(item.get("by", {}).get("S", PAUSED_BY_NOBODY)) if item else None

    def sweep_progress(self, *, now: datetime) -> SweepProgress:
        item = self._get({"pk": text("installation"), "sk": text("memory")})
        if item:
            return read_sweep_progress(item)
        begun = SweepProgress(began_at=now)
        try:
            self._put_sweep_progress(begun, "attribute_not_exists(pk)", {})
        except ConflictError:
            return self.sweep_progress(now=now)
        return begun

    def save_sweep_progress(self, after: SweepProgress, *, before: SweepProgress) -> None:
        self._put_sweep_progress(after, "memory = :before", {":before": sweep_progress_item(before)["memory"]})

    def _put_sweep_progress(self, progress: SweepProgress, condition: str, values: dict[str, Any]) -> None:
        request = {"Item": sweep_progress_item(progress), "ConditionExpression": condition}
        given = {"ExpressionAttributeValues": values} if values else {}
        if not self._if_still_so(self._client.put_item, {**request, **given}):
            raise ConflictError("the installation's memory was written by another worker")

    def _get(self, keys: dict[str, Any]) -> dict[str, Any] | None:
        with translated():
            answer = self._client.get_item(TableName=self._table, Key=keys, ConsistentRead=True)
        found: dict[str, Any] | None = answer.get("Item")
        return found

    def _query(self, index: str, condition: dict[str, Any]) -> Iterator[dict[str, Any]]:
        start: dict[str, Any] = {}
        while True:
            with translated():
                page = self._client.query(TableName=self._table, IndexName=index, **condition, **start)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
