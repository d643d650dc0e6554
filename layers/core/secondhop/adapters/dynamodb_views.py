"""Reads the table of chains for people: a `ChainViews` that writes nothing. `dynamodb_chains` describes the items."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from time import sleep
from typing import Any

from secondhop.adapters.aws_errors import translated
from secondhop.adapters.chain_items import CURRENT, chain_keys, key_of, read_item, read_sweep_progress, text
from secondhop.adapters.dynamodb_chains import BATCH_KEYS, DynamoDbChains
from secondhop.application.ports import Unreadable
from secondhop.domain.chain import Chain, ChainKey
from secondhop.domain.errors import TryAgainError, UnreadableItemError

# BatchGetItem names what it had no capacity for. Tries in vain wait twice as long each: 25 seconds in all.
FIRST_WAIT, TRIES = 0.1, 8


class DynamoDbViews:
    """`client` is a boto3 DynamoDB client, which needs Query, GetItem and BatchGetItem."""

    def __init__(self, client: Any, table: str, *, wait: Callable[[float], None] = sleep) -> None:
        self._client = client
        self._table = table
        self._wait = wait
        chains = DynamoDbChains(client, table)
        self.get = chains.get
        self.of_database = chains.of_database
        self.lane_use = chains.lane_use
        self.paused_by = chains.paused_by

    def current(self) -> Iterator[Chain | Unreadable]:
        """Chains that show the present state of their databases. Raises TryAgainError and DeniedError."""
        keys = self._current_keys()
        while batch := list(islice(keys, BATCH_KEYS)):
            found = self._items(batch)
            yield from (_read(key, found[key]) for key in batch if key in found)

    def last_sweep(self) -> datetime | None:
        with translated():
            keys = {"pk": text("installation"), "sk": text("memory")}
            item = self._client.get_item(TableName=self._table, Key=keys).get("Item")
        return read_sweep_progress(item).ended_at if item else None

    def _current_keys(self) -> Iterator[ChainKey]:
        request: dict[str, Any] = {
            "TableName": self._table,
            "IndexName": "current",
            "KeyConditionExpression": "is_current = :yes",
            "ExpressionAttributeValues": {":yes": text(CURRENT)},
        }
        while True:
            with translated():
                page = self._client.query(**request)
            yield from (key_of(item) for item in page["Items"])
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _items(self, keys: list[ChainKey]) -> dict[ChainKey, dict[str, Any]]:
        """The items of up to a hundred chains. Raises TryAgainError if DynamoDB gives none for too long."""
        request: Any = {self._table: {"Keys": [chain_keys(key) for key in keys]}}
        found: dict[ChainKey, dict[str, Any]] = {}
        vain = 0
        while request:
            with translated():
                answer = self._client.batch_get_item(RequestItems=request)
            items = answer["Responses"].get(self._table, [])
            found |= {key_of(item): item for item in items}
            request = answer.get("UnprocessedKeys")
            vain = 0 if items else vain + 1
            if vain == TRIES:
                raise TryAgainError(f"DynamoDB has no capacity to read the table {self._table}")
            if vain:
                self._wait(FIRST_WAIT * 2**vain)
        return found


def _read(key: ChainKey, item: dict[str, Any]) -> Chain | Unreadable:
    try:
        return read_item(item)
    except UnreadableItemError as error:
        return Unreadable(key=key, why=str(error))
