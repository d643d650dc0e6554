"""A DynamoDB client that answers each call with as little, and as old, as DynamoDB's documentation allows."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

# BatchGetItem may process a part of the keys only, and names the rest in UnprocessedKeys (API_BatchGetItem).
KEYS_AT_A_TIME = 7


class MinimalAnswers:
    """Wraps a client of a table. What it does not change goes through to the client.

    - A page of a query has one item, and before each page comes one without items: a page may be empty while
      `LastEvaluatedKey` says that more follows (API_Query).
    - A batch of keys is answered in parts.
    - A read without `ConsistentRead` shows the item as it was before its last write (HowItWorks.ReadConsistency).
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._older: dict[tuple[str, str], Any] = {}
        self.requests: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Any other operation, and a record of every request."""
        operation = getattr(self, f"_{name}", getattr(self._client, name))

        def call(**request: Any) -> Any:
            self.requests.append((name, deepcopy(request)))
            return operation(**request)

        return call

    def _query(self, *, ExclusiveStartKey: Any = None, **request: Any) -> Any:  # noqa: N803 - boto3's own spelling
        items: list[Any] = []
        for page in self._client.get_paginator("query").paginate(**request):
            items += page["Items"]
        pages = [page for item in items for page in ([], [item])]
        number = int(ExclusiveStartKey["page"]["N"]) if ExclusiveStartKey else 0
        more = {"LastEvaluatedKey": {"page": {"N": str(number + 1)}}} if number + 1 < len(pages) else {}
        return {"Items": pages[number] if pages else [], **more}

    def _batch_get_item(self, *, RequestItems: dict[str, Any]) -> Any:  # noqa: N803 - boto3's own spelling
        ((table, asked),) = RequestItems.items()
        now, later = asked["Keys"][:KEYS_AT_A_TIME], asked["Keys"][KEYS_AT_A_TIME:]
        answer = self._client.batch_get_item(RequestItems={table: {**asked, "Keys": now}})
        return {**answer, "UnprocessedKeys": {table: {**asked, "Keys": later}} if later else {}}

    def _get_item(self, **request: Any) -> Any:
        place = _place(request["Key"])
        if request.get("ConsistentRead") or place not in self._older:
            return self._client.get_item(**request)
        older = self._older[place]
        return {"Item": deepcopy(older)} if older else {}

    def _put_item(self, **request: Any) -> Any:
        return self._written([(request["TableName"], request["Item"])], "put_item", request)

    def _update_item(self, **request: Any) -> Any:
        return self._written([(request["TableName"], request["Key"])], "update_item", request)

    def _delete_item(self, **request: Any) -> Any:
        return self._written([(request["TableName"], request["Key"])], "delete_item", request)

    def _transact_write_items(self, **request: Any) -> Any:
        writes = [each for item in request["TransactItems"] for each in item.values()]
        places = [(each["TableName"], each.get("Item") or each["Key"]) for each in writes]
        return self._written(places, "transact_write_items", request)

    def _written(self, places: list[tuple[str, Any]], name: str, request: dict[str, Any]) -> Any:
        """Write, and remember what stood there before if the write was accepted."""
        older = {}
        for table, item in places:
            key = {name: item[name] for name in ("pk", "sk")}
            older[_place(key)] = self._client.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")
        answer = getattr(self._client, name)(**request)
        self._older |= older
        return answer


def _place(key: dict[str, Any]) -> tuple[str, str]:
    return key["pk"]["S"], key["sk"]["S"]
