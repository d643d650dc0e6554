"""Chains as JSON documents and back. Strict: a document of another shape is refused, never half-read.

The codec is driven by the dataclasses' own type hints. A field that has its default is not written. So a release
that knows a new field and does not use it yet writes what the release before it can read. The use of the field comes
one release later. So a default never changes. Anything but a new field with a default needs a new SCHEMA, which is
read one release before it is written. See docs/decisions/0014-read-first-then-write.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from secondhop.domain.arn import Vault
from secondhop.domain.chain import Chain
from secondhop.domain.command import Announce, EffectCommand, ReleaseIntermediate, StartCopy
from secondhop.domain.errors import MalformedError, UnreadableItemError

SCHEMA = 1

EFFECTS: dict[str, type[EffectCommand]] = {kind.__name__: kind for kind in (StartCopy, ReleaseIntermediate, Announce)}


def write_chain(chain: Chain) -> str:
    """The chain as one JSON text, with the schema that it is written in."""
    return json.dumps({"schema": SCHEMA, "chain": _to_plain(chain)}, separators=(",", ":"), sort_keys=True)


def read_chain(text: str) -> Chain:
    """Read a chain. Raises UnreadableItemError, which says whether a newer release wrote it."""
    try:
        document = json.loads(text)
        schema = document["schema"]
        if schema != SCHEMA:
            newer = "a newer" if isinstance(schema, int) and schema > SCHEMA else "another"
            raise UnreadableItemError(f"this item was written by {newer} release (schema {schema}, known is {SCHEMA})")
        chain = _from_plain(Chain, document["chain"])
    except (KeyError, TypeError, ValueError, MalformedError) as error:
        raise UnreadableItemError(f"this item cannot be read: {error}") from error
    assert isinstance(chain, Chain)
    return chain


def _to_plain(value: Any) -> Any:
    if isinstance(value, Vault):
        return value.arn
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, tuple):
        return [_to_plain(each) for each in value]
    if is_dataclass(value):
        said = {field.name: getattr(value, field.name) for field in fields(value)}
        changed = (field.name for field in fields(value) if said[field.name] != field.default)
        plain = {name: _to_plain(said[name]) for name in changed}
        return {"effect": type(value).__name__, **plain} if isinstance(value, EffectCommand) else plain
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _from_plain(kind: Any, value: Any) -> Any:
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        inner = [each for each in get_args(kind) if each is not NoneType]
        return None if value is None else _from_plain(inner[0], value)
    if origin is tuple:
        return tuple(_from_plain(get_args(kind)[0], each) for each in _expect(list, value))
    if kind is EffectCommand:
        plain = dict(_expect(dict, value))
        return _read_fields(EFFECTS[plain.pop("effect")], plain)
    if is_dataclass(kind) and isinstance(kind, type) and kind is not Vault:
        return _read_fields(kind, _expect(dict, value))
    reader = _SCALARS.get(kind)
    if reader is not None:
        return reader(value)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind(value)
    return _expect(kind, value)


def _read_fields(kind: type, plain: dict[str, Any]) -> Any:
    known = {field.name: field for field in fields(kind)}
    unknown = plain.keys() - known.keys()
    if unknown:
        raise MalformedError(
            f"{kind.__name__} has unknown fields {sorted(unknown)}; a newer release may have written it"
        )
    missing = [name for name, field in known.items() if name not in plain and field.default is MISSING]
    if missing:
        raise MalformedError(f"{kind.__name__} lacks {missing}")
    return kind(**{name: _from_plain(_hints(kind)[name], value) for name, value in plain.items()})


def _expect(kind: type, value: Any) -> Any:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise MalformedError(f"expected {kind.__name__}, found {value!r}")
    return value


def _read_time(value: Any) -> datetime:
    moment = datetime.fromisoformat(_expect(str, value))
    if moment.tzinfo is None:
        raise MalformedError(f"a time without a zone: {value!r}")
    return moment


_SCALARS: dict[Any, Callable[[Any], Any]] = {datetime: _read_time, Vault: Vault.parse}
