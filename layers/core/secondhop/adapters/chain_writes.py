"""The writes of one save, and what it means when DynamoDB refuses one of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from secondhop.adapters.chain_items import Item, claim_item, claim_keys, holder_name, read_claim, slots_keys, text
from secondhop.application.ports import ClaimTakenError, SlotTakenError
from secondhop.domain.chain import ChainKey
from secondhop.domain.errors import ConflictError, SecondHopError, TryAgainError, UnreadableItemError
from secondhop.domain.lane import LaneUse
from secondhop.domain.ledger import Changes, Claim, Slot, SlotRefusal, busy_database, full_quota

# A slots item with a count that is no number cannot be changed. That is no conflict, which would pass.
REFUSED = frozenset({"ConditionalCheckFailed", "ValidationError"})
# What the names of the attributes begin with that name the databases with a copy in flight.
HOLDER = "h_"
THROTTLED = frozenset({"ThrottlingError", "ProvisionedThroughputExceeded"})


class SlotsDisagreeError(ConflictError):
    """A slot that is to be given back is not, or not by this hop, held in the table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One write of the transaction, and the claim or slot that it is for."""

    request: dict[str, Any]
    claim: Claim | None = None
    taken: Slot | None = None


def chain_write(item: Item, *, version: int) -> Write:
    """Put the chain if no one else wrote it since it was read."""
    put: Item = {"Item": item, "ConditionExpression": "attribute_not_exists(pk)"}
    if version:
        put |= {
            "ConditionExpression": "#v = :v",
            "ExpressionAttributeNames": {"#v": "version"},
            "ExpressionAttributeValues": {":v": {"N": str(version)}},
        }
    return Write(request={"Put": put})


def claim_writes(due: Changes, lifetime: Item) -> list[Write]:
    """Claim, unless another chain's hop holds it. `lifetime` is the time to live, if there is one yet."""
    condition = "attribute_not_exists(pk) OR (recovery_point = :p AND #r = :r AND hop = :h)"
    return [
        Write(
            request={
                "Put": {
                    "Item": claim_item(claim) | lifetime,
                    "ConditionExpression": condition,
                    "ExpressionAttributeNames": {"#r": "route"},
                    "ExpressionAttributeValues": {
                        ":p": text(claim.owner.recovery_point),
                        ":r": text(claim.owner.route),
                        ":h": text(claim.hop),
                    },
                }
            },
            claim=claim,
        )
        for claim in due.claims
    ]


def slot_writes(due: Changes, limit: int) -> list[Write]:
    """One update per slots item, since a transaction may touch an item once only.

    Each holder is a top-level attribute `h_<hash of the database>`; `in_flight` counts them.
    """
    taken, returned = defaultdict[str, list[Slot]](list), defaultdict[str, list[Slot]](list)
    for slot in due.taken:
        taken[str(slots_keys(slot.lane))].append(slot)
    for slot in due.returned:
        returned[str(slots_keys(slot.lane))].append(slot)
    return [_slots_update(taken[item], returned[item], limit) for item in dict.fromkeys([*taken, *returned])]


def _slots_update(taken: list[Slot], returned: list[Slot], limit: int) -> Write:
    names = {f"#t{i}": f"{HOLDER}{holder_name(slot.database)}" for i, slot in enumerate(taken)}
    names |= {f"#r{i}": f"{HOLDER}{holder_name(slot.database)}" for i, slot in enumerate(returned)}
    values: Item = {":t" + str(i): text(_holder(slot)) for i, slot in enumerate(taken)}
    conditions = [f"attribute_not_exists(#t{i})" for i in range(len(taken))]
    conditions += [f"#r{i} = :r{i}" for i in range(len(returned))]
    values |= {f":r{i}": text(_holder(slot)) for i, slot in enumerate(returned)}
    values |= {":n": {"N": str(len(taken) - len(returned))}}
    if len(taken) > len(returned):
        conditions.append("(attribute_not_exists(pk) OR in_flight < :limit)")
        values[":limit"] = {"N": str(limit - (len(taken) - len(returned)) + 1)}
    sets = ", ".join(f"#t{i} = :t{i}" for i in range(len(taken)))
    removes = ", ".join(f"#r{i}" for i in range(len(returned)))
    update = (f"SET {sets} " if sets else "") + (f"REMOVE {removes} " if removes else "") + "ADD in_flight :n"
    request: Item = {
        "Key": slots_keys((taken or returned)[0].lane),
        "UpdateExpression": update,
        "ConditionExpression": " AND ".join(conditions),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }
    return Write(request={"Update": request}, taken=taken[0] if taken else None)


def _holder(slot: Slot) -> str:
    return f"{slot.owner}|{slot.hop}"


def refusal_of(response: Any, writes: list[Write], key: ChainKey, get: Callable[[Item], Item | None]) -> SecondHopError:
    """Which write was refused, and what that means."""
    reasons = [reason.get("Code", "None") for reason in response.get("CancellationReasons", [])]
    failed = [write for write, code in zip(writes, reasons, strict=False) if code in REFUSED]
    if writes[0] in failed or not failed:
        is_throttled = any(code in THROTTLED for code in reasons)
        return (
            TryAgainError("the table is throttled")
            if is_throttled
            else ConflictError(f"chain {key} was written by others")
        )
    for write in failed:
        if write.claim is not None:
            item = get(claim_keys(write.claim.source, write.claim.destination_vault_arn))
            if item is None:
                return ConflictError("the claim changed")
            return ClaimTakenError(write.claim.hop, _owner_of(item), write.claim.source)
        if write.taken is not None:
            return SlotTakenError(write.taken.hop, _why(write.taken, get(slots_keys(write.taken.lane))))
    return SlotsDisagreeError(f"the slots of chain {key} are not as remembered")


def _owner_of(item: Item) -> ChainKey | None:
    try:
        return read_claim(item).owner
    except UnreadableItemError:
        return None


def refusal_by(item: Item | None, slot: Slot, limit: int) -> SlotRefusal | None:
    """Why a slots item has no place for one more copy; None if it has."""
    if item is None:
        return None
    count = _in_flight(item)
    is_free = f"{HOLDER}{holder_name(slot.database)}" not in item and count is not None and count < limit
    return None if is_free else _why(slot, item)


def use_of(item: Item | None) -> LaneUse:
    """Which slots of a slots item are taken."""
    if item is None:
        return LaneUse(in_flight=0, databases=frozenset())
    holders = frozenset(name.removeprefix(HOLDER) for name in item if name.startswith(HOLDER))
    return LaneUse(in_flight=_in_flight(item), databases=holders)


def _in_flight(item: Item) -> int | None:
    """How many copies a slots item counts; None if that cannot be read."""
    try:
        return int(item["in_flight"]["N"])
    except (KeyError, TypeError, ValueError):
        return None


def _why(slot: Slot, item: Item | None) -> SlotRefusal:
    if item and f"{HOLDER}{holder_name(slot.database)}" in item:
        return busy_database(slot)
    count = _in_flight(item) if item else 0
    if count is None:
        return SlotRefusal(why=f"the count of {slot.resource_type} copies in flight into {slot.site} cannot be read")
    return full_quota(slot, count)
