"""Before an intermediate is deleted: describe it and every copy made from it, in the same invocation."""

from __future__ import annotations

from collections.abc import Generator

from secondhop.application.ports import Backup, Keys
from secondhop.domain import observation as seen
from secondhop.domain import release_observation as going
from secondhop.domain.chain import Chain
from secondhop.domain.command import ReleaseIntermediate
from secondhop.domain.errors import SecondHopError, TryAgainError
from secondhop.domain.hop import Hop
from secondhop.domain.observation import IntermediateObservation, PointSeen
from secondhop.domain.route import Route
from secondhop.domain.verification import Verdict, assess_arrival, outlives


def object_to_release(
    backup: Backup, keys: Keys, chain: Chain, command: ReleaseIntermediate, route: Route
) -> Generator[IntermediateObservation, None, IntermediateObservation | None]:
    """Why an intermediate must not be deleted now; None if it may be.

    Every copy made from it must be as promised, and one of them must live as long as it would itself. A copy with an
    unknown expiry may never expire, or AWS may not know it yet: nothing is deleted for it. Raises
    SecondHopError where AWS does not describe one of them, after yielding that the release is put off.
    """
    try:
        intermediate = backup.point(command.vault, command.point)
        if intermediate is None or intermediate.status == "DELETING":
            return going.IntermediateInspected(intermediate=command.subject, point=intermediate)
        described: list[PointSeen | None] = []
        for hop in chain.standing_arrivals(command.subject):
            inspected = inspect_arrival(backup, keys, chain, hop)
            assessment = assess_arrival(chain, hop, inspected, route=route)
            if assessment.verdict is not Verdict.GOOD and not assessment.lacks_only_expiry:
                return going.ReleaseStopped(intermediate=command.subject, hop=hop.name, inspected=inspected)
            described.append(inspected.point)
    except SecondHopError as trouble:
        yield going.ReleasePutOff(intermediate=command.subject, why=str(trouble))
        raise
    expiries = [copy.delete_at for copy in described if copy is not None]
    if not expiries:
        return going.ReleasePutOff(intermediate=command.subject, why="no copy of it stands")
    known = [expiry for expiry in expiries if expiry is not None]
    last = max(known) if len(known) == len(expiries) else None
    if last is None or outlives(intermediate, last):
        return going.ReleaseDeclined(
            intermediate=command.subject, expires_at=intermediate.delete_at, copies_expire_at=last
        )
    return None


def inspect_arrival(backup: Backup, keys: Keys, chain: Chain, hop: Hop) -> seen.ArrivalInspected:
    """Describe an arrival. Raises TryAgainError where AWS does not describe it and lists it all the same."""
    arrival = hop.arrival.point or ""
    point = backup.point(hop.destination, arrival)
    if point is None:
        # A copy of a copy may name the point that it was copied from as its resource, in place of the database.
        named_by = (chain.database, chain.source_of(hop) or chain.database)
        listed = (point.arn for resource in named_by for point in backup.points_of(hop.destination, resource))
        if arrival in listed:
            raise TryAgainError(f"AWS lists {arrival} and does not describe it")
        return seen.ArrivalInspected(hop=hop.name, arrival=arrival, point=None, vault_key_arn=None)
    vault = backup.vault(hop.destination)
    key_arn = point.key_arn if point.key_arn == vault.key_arn else None
    return seen.ArrivalInspected(
        hop=hop.name,
        arrival=arrival,
        point=point,
        vault_key_arn=vault.key_arn,
        vault_lock=vault.lock,
        key_state=keys.state_of(key_arn) if key_arn is not None else None,
    )
