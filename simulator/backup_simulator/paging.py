"""Lists in pages: NextToken, and MaxResults from 1 to 1000. A page may hold fewer items than that, even none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from backup_simulator.answer_faults import AnswerFaults
from backup_simulator.errors import NotModelled, Refused

MAX_RESULTS = 1000
Filters = Mapping[str, Callable[[Any, Any], bool]]


def paged(
    name: str,
    found: Sequence[Any],
    request: Mapping[str, Any],
    reply: Callable[[Any], dict[str, Any]],
    faults: AnswerFaults,
) -> dict[str, Any]:
    """A page of what was found, under its name, with a token for the next one. Raises Refused."""
    size = request.get("MaxResults", MAX_RESULTS)
    if not 1 <= size <= MAX_RESULTS:
        raise Refused("InvalidParameterValueException", f"MaxResults should be from 1 to {MAX_RESULTS}, found {size}")
    token = request.get("NextToken", "0")
    begin = _position(token, found)
    held = faults.page_size(size)
    end = begin + held
    # The token of an empty page is another one than before: botocore's paginators refuse to see the same one twice.
    following = f"{end}.{_mark(found[end])}" if held and end < len(found) else f"0{token}"
    more = {"NextToken": following} if end < len(found) or not held else {}
    return {name: [reply(each) for each in found[begin:end]], **more}


def _position(token: str, found: Sequence[Any]) -> int:
    """Where the page of a token begins: at the item that it names, also if earlier ones were removed since."""
    offset, _, mark = token.partition(".")
    if not offset.isdecimal():
        raise Refused("InvalidParameterValueException", "Invalid NextToken")
    begin = int(offset)
    if not mark or (begin < len(found) and _mark(found[begin]) == mark):
        return begin
    return next((index for index, item in enumerate(found) if _mark(item) == mark), begin)


def _mark(item: Any) -> str:
    """What names an item of a list: its ARN, its id, or the first of several values."""
    return str(item[0] if isinstance(item, tuple) else getattr(item, "arn", None) or item.id)


def filtered(
    operation: str, found: Iterable[Any], request: Mapping[str, Any], filters: Filters, *, others: Iterable[str] = ()
) -> list[Any]:
    """What meets every filter of a request. Raises NotModelled for a filter that is not known."""
    wanted = {name: value for name, value in request.items() if name not in ("NextToken", "MaxResults", *others)}
    if unknown := wanted.keys() - filters.keys():
        raise NotModelled(f"{operation} by {', '.join(sorted(unknown))} is not modelled")
    kept = list(found)
    for name, value in wanted.items():
        passes = filters[name]
        kept = [each for each in kept if passes(each, value)]
    return kept
