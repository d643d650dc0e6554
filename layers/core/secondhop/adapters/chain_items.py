"""The items of the table: keys, index attributes, and the small items beside the chains."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from secondhop.adapters.chain_documents import read_chain, write_chain
from secondhop.application.ports import Waiting
from secondhop.domain import patience
from secondhop.domain.arn import Site
from secondhop.domain.chain import Chain, ChainKey
from secondhop.domain.circuit import Circuit
from secondhop.domain.errors import UnreadableItemError
from secondhop.domain.gathering import Group
from secondhop.domain.lane import Lane
from secondhop.domain.ledger import Claim, is_current, newest_copy, stranded_by, waits_for
from secondhop.domain.slices import Slice
from secondhop.domain.sweep_progress import SweepProgress

CHECK_QUEUE = "open"
# The one key of the index of chains that show the present state of their databases.
CURRENT = "yes"

Item = dict[str, Any]


def text(value: str) -> dict[str, str]:
    """A DynamoDB string."""
    return {"S": value}


def moment(value: datetime) -> str:
    """A time that sorts as text: UTC, microseconds always there."""
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def chain_keys(key: ChainKey) -> Item:
    return {"pk": text(f"chain#{key.recovery_point}"), "sk": text(f"route#{key.route}")}


def claim_keys(source: str, destination_vault_arn: str) -> Item:
    return {"pk": text(f"claim#{source}"), "sk": text(f"into#{destination_vault_arn}")}


def key_of(item: Item) -> ChainKey:
    return ChainKey(item["pk"]["S"].removeprefix("chain#"), item["sk"]["S"].removeprefix("route#"))


def slots_keys(lane: Lane) -> Item:
    return {"pk": text(f"slots#{lane.site.account}#{lane.site.region}"), "sk": text(f"type#{lane.resource_type}")}


def holder_name(database: str) -> str:
    """The name of a database's copy in a slots item: map keys have their own length limits."""
    return hashlib.sha256(database.encode()).hexdigest()[:32]


def waiting_for(lane: Lane) -> str:
    return f"{lane.site.account}#{lane.site.region}#{lane.resource_type}"


def chain_item(chain: Chain) -> Item:
    """The chain's item: the document, and sparse attributes for the indexes.

    `expires_at` (epoch seconds, the table's TTL) exists only on a finished chain, after AWS said that every
    recovery point that it claimed is not found.
    """
    item: Item = {
        **chain_keys(chain.key),
        "document": text(write_chain(chain)),
        "version": {"N": str(chain.version)},
        "state": text(str(chain.state)),
        "database": text(chain.database),
        "created_at": text(f"{moment(chain.created_at)}#{chain.key.recovery_point}"),
    }
    if chain.next_check is not None:
        item |= {"check_queue": text(CHECK_QUEUE), "check_at": text(moment(chain.next_check))}
    if (hop := waits_for(chain)) is not None:
        lane = Lane(hop.destination.site, chain.resource_type)
        item |= {"waiting_for": text(waiting_for(lane)), "waiting_since": _turn(chain)}
    cause = stranded_by(chain)
    if cause is not None:
        item["stranded_by"] = text(cause)
    if is_current(chain):
        item["is_current"] = text(CURRENT)
    return item | expiry(chain)


def group_keys(group: str) -> Item:
    return {"pk": text(f"group#{group}"), "sk": text("members")}


def group_item(group: Group, *, expires_at: datetime) -> Item:
    """At most 100 KB: see `MEMBERS_LIMIT`."""
    memory = {
        "waiting": sorted(group.waiting),
        "names": group.names,
        "covered": sorted(group.covered),
        "is_announced": group.is_announced,
        "has_closed": group.has_closed,
        "told_at": moment(group.sent_at) if group.sent_at else None,
        "sender": group.sender,
        "sending_until": moment(group.sending_until) if group.sending_until else None,
        "counted": group.counted,
        "parts": group.parts,
    }
    return {
        **group_keys(group.id),
        "memory": text(json.dumps(memory, separators=(",", ":"))),
        "version": {"N": str(group.version)},
        "expires_at": {"N": str(int(expires_at.timestamp()))},
    }


def read_group(item: Item, group: str) -> Group:
    """A group. One that cannot be read is an empty one: a message too many is better than a chain that stops."""
    empty = Group(id=group, version=int(item.get("version", {"N": "0"})["N"]))
    if "members" in item:
        # Written before groups remembered what their messages covered.
        members, is_announced = frozenset(item["members"]["SS"]), "told" in item
        return replace(empty, is_announced=True, covered=members) if is_announced else replace(empty, waiting=members)
    try:
        memory = json.loads(item["memory"]["S"])
        sent_at, sending_until = (memory[name] for name in ("told_at", "sending_until"))
        return replace(
            empty,
            waiting=frozenset(memory["waiting"]),
            names=tuple((member, name) for member, name in memory["names"]),
            covered=frozenset(memory["covered"]),
            is_announced=bool(memory["is_announced"]),
            has_closed=bool(memory["has_closed"]),
            sender=memory["sender"],
            counted=int(memory["counted"]),
            parts=int(memory["parts"]),
            sent_at=datetime.fromisoformat(sent_at) if sent_at else None,
            sending_until=datetime.fromisoformat(sending_until) if sending_until else None,
        )
    except (KeyError, TypeError, ValueError):
        return empty


def _turn(chain: Chain) -> Item:
    """What waiting chains are sorted by: the date of the newest copy, where there is one, and that of the backup.

    The name of the database comes last. So the index shows which of them have no copy in flight.
    """
    newest = newest_copy(chain)
    return text(f"{moment(newest) if newest else '0'}#{moment(chain.created_at)}#{holder_name(chain.database)}")


def read_waiting(item: Item) -> Waiting:
    """A chain as the index of waiting chains shows it."""
    return Waiting(key=key_of(item), database=item["waiting_since"]["S"].rpartition("#")[2])


def read_item(item: Item) -> Chain:
    """The chain of an item. Raises UnreadableItemError."""
    document = item.get("document", {}).get("S")
    if document is None:
        raise UnreadableItemError("this item cannot be read: it has no document")
    return read_chain(document)


def expiry(chain: Chain) -> Item:
    """The time to live of what a chain wrote: none while it is not finished."""
    if chain.finished_at is None:
        return {}
    return {"expires_at": {"N": str(int((chain.finished_at + patience.MEMORY).timestamp()))}}


def claim_item(claim: Claim) -> Item:
    return {
        **claim_keys(claim.source, claim.destination_vault_arn),
        "recovery_point": text(claim.owner.recovery_point),
        "route": text(claim.owner.route),
        "hop": text(claim.hop),
    }


def read_claim(item: Item) -> Claim:
    """Raises UnreadableItemError."""
    try:
        owner = ChainKey(item["recovery_point"]["S"], item["route"]["S"])
        source = item["pk"]["S"].removeprefix("claim#")
        return Claim(source, item["sk"]["S"].removeprefix("into#"), owner, item["hop"]["S"])
    except (KeyError, TypeError) as error:
        raise UnreadableItemError(f"this claim cannot be read, it lacks {error}") from error


def circuit_item(circuit: Circuit) -> Item:
    """A circuit's item. What has its default is not written, so that an older item is written as it was read."""
    memory = {
        "failures": circuit.failures,
        "opened_at": moment(circuit.opened_at) if circuit.opened_at else None,
        "probe_after": moment(circuit.probe_after) if circuit.probe_after else None,
        **({"databases": list(circuit.databases)} if circuit.databases else {}),
        **({"probes": circuit.probes} if circuit.probes else {}),
    }
    return {**circuit_keys(circuit.site), "memory": text(json.dumps(memory, sort_keys=True))}


def circuit_keys(site: Site) -> Item:
    return {"pk": text(f"circuit#{site.account}#{site.region}"), "sk": text("copies")}


def read_circuit(item: Item, site: Site) -> Circuit:
    """Raises UnreadableItemError."""
    try:
        memory = json.loads(item["memory"]["S"])
        times = {name: memory[name] and datetime.fromisoformat(memory[name]) for name in ("opened_at", "probe_after")}
        databases = tuple(str(each) for each in memory.get("databases", ()))
        probes = int(memory.get("probes", 0))
        return Circuit(site=site, failures=int(memory["failures"]), databases=databases, probes=probes, **times)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UnreadableItemError(f"the circuit of {site} cannot be read: {error}") from error


def sweep_progress_item(progress: SweepProgress) -> Item:
    """The sweep's item; routes and end are outside of its memory, where an older release does not read them."""
    memory = {
        "began_at": moment(progress.began_at),
        "swept_back_to": moment(progress.swept_back_to) if progress.swept_back_to else None,
        "sweeping_until": moment(progress.sweeping_until) if progress.sweeping_until else None,
        "unfinished": [[each.route, moment(each.after), moment(each.before)] for each in progress.unfinished],
    }
    routes = {"routes": {"SS": list(progress.routes)}} if progress.routes else {}
    ended = {"ended_at": text(moment(progress.ended_at))} if progress.ended_at else {}
    keys = {"pk": text("installation"), "sk": text("memory")}
    return {**keys, "memory": text(json.dumps(memory, sort_keys=True)), **routes, **ended}


def read_sweep_progress(item: Item) -> SweepProgress:
    """Raises UnreadableItemError."""
    try:
        memory = json.loads(item["memory"]["S"])
        unfinished = tuple(
            Slice(route=route, after=datetime.fromisoformat(after), before=datetime.fromisoformat(before))
            for route, after, before in memory.pop("unfinished", [])
        )
        times = {name: datetime.fromisoformat(at) for name, at in memory.items() if at is not None}
        routes = tuple(sorted(item.get("routes", {"SS": ()})["SS"]))
        ended_at = datetime.fromisoformat(item["ended_at"]["S"]) if "ended_at" in item else None
        return SweepProgress(unfinished=unfinished, routes=routes, ended_at=ended_at, **times)
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableItemError(f"the installation's memory cannot be read: {error}") from error
