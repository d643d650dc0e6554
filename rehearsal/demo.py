"""The demo: two nights of five databases, from the backup to a verified copy in another account and Region."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import timedelta
from typing import TextIO

from backup_simulator import World
from backup_simulator.model import Point
from backup_simulator.resource_types import INSTANCES, RESOURCE_TYPES
from rehearsal.functions import LOG
from rehearsal.oracle import PROMISES, Violation
from rehearsal.over_http import http_door
from rehearsal.stage import BACKUP, DR, HOME, NEIGHBOUR, WORKLOAD, Stage, Topology
from rehearsal.timeline import Timeline
from secondhop.adapters.memory_chains import MemoryChains
from secondhop.domain.chain import Chain, ChainState

DATABASES = (
    *((each.name, each.example_name, each.example_gib) for each in RESOURCE_TYPES),
    (INSTANCES.name, "billing", 50),
)
# The databases of the second workload account, if there is one.
OF_THE_NEIGHBOUR = ("graph", "billing")
FAILS_FIRST = "billing"
FAILURE = "An internal error occurred."
NIGHTS = 2
# Backups begin at 03:00. A full copy of the largest database takes about three hours, twice.
A_NIGHT = timedelta(hours=24)


def run_demo(
    stream: TextIO,
    *,
    seed: int = 1,
    over_http: bool = False,
    topology: Topology = Topology.WORKLOAD,
    show_status: Callable[[Stage], int] = lambda _: 0,
) -> int:
    """Run the demo, writing to a stream. The exit code is 0 only if every promise held and every chain is COMPLETE.

    With `over_http` the functions use a real connection to the simulator on loopback. At the end,
    `show_status` writes the status of the installation and returns its exit code.
    """
    world = World(seed=seed)
    with http_door(world) if over_http else nullcontext() as door:
        chains = MemoryChains()
        stage = Stage(world, chains, open_session=door, topology=topology)
        return _run(stream, stage, chains) or show_status(stage)


def _run(stream: TextIO, stage: Stage, chains: MemoryChains) -> int:
    world = stage.world
    arns = {
        name: stage.add_database(kind, name, size_gib=size, account=_owner(stage, name))
        for kind, name, size in DATABASES
    }
    world.faults.fail_copy_job(database_arn=arns[FAILS_FIRST], destination_region=DR, message=FAILURE)
    _introduce(stream, stage)
    timeline = Timeline(stream)
    world.on_trace(timeline.show_trace)
    listener = timeline.show_decision(world.now)
    LOG.listeners.append(listener)
    try:
        for night in range(1, NIGHTS + 1):
            stream.write(f"\n--- night {night} ---\n")
            world.run_for(A_NIGHT)
            timeline.flush()
    finally:
        LOG.listeners.remove(listener)
    return _conclude(stream, stage, chains)


def _owner(stage: Stage, database: str) -> str:
    return NEIGHBOUR if stage.is_hub and database in OF_THE_NEIGHBOUR else WORKLOAD


def _introduce(stream: TextIO, stage: Stage) -> None:
    five = f"  workload account {WORKLOAD}, {HOME}: five databases, backed up nightly\n"
    shared = (
        f"  workload account {WORKLOAD}, {HOME}: three databases, backed up nightly\n"
        f"  workload account {NEIGHBOUR}, {HOME}: two databases, backed up nightly\n"
    )
    stream.write(
        "Second Hop on a simulated AWS. Nothing here is real or leaves this machine.\n\n"
        f"{shared if stage.is_hub else five}"
        f"  backup account   {BACKUP}, {HOME}: watched-vault, where hop 1 arrives\n"
        f"  backup account   {BACKUP}, {DR}: dr-vault, where hop 2 ends\n\n"
        "AWS: what the cloud does. hop: what Second Hop decides.\n"
        "SNS: messages to people; there are none while Second Hop can help itself.\n"
        f"The first hop-2 copy of {FAILS_FIRST} is made to fail. Times are virtual, UTC.\n"
    )


def _conclude(stream: TextIO, stage: Stage, chains: MemoryChains) -> int:
    violations = stage.oracle().violations()
    every = chains.all()
    expected = len(DATABASES) * NIGHTS
    stream.write("\n")
    _write_table(stream, stage, every)
    stream.write("\nPromises, checked in the simulated AWS and not in Second Hop's own table:\n")
    for promise, words in PROMISES.items():
        broken = [violation for violation in violations if violation.promise == promise]
        stream.write(f"  {promise}. {words}: {'BROKEN' if broken else 'held'}\n")
        stream.writelines(f"     {violation.evidence}\n" for violation in broken)
    complete = sum(chain.state is ChainState.COMPLETE for chain in every)
    stream.write(f"{complete} of {expected} chains are COMPLETE.\n")
    return _exit_code(violations, complete=complete, expected=expected, found=len(every))


def _exit_code(violations: Sequence[Violation], *, complete: int, expected: int, found: int) -> int:
    return 0 if not violations and complete == expected == found else 1


def _write_table(stream: TextIO, stage: Stage, chains: Sequence[Chain]) -> None:
    """Database, chain state, copies, their times and the intermediate. A row for each chain, 80 columns."""
    stream.write(f"{'':<52}{'copy':<7}age when\n")
    stream.write(
        f"{'database':<10}{'backup of':<11}{'chain':<9}{'copy in':<22}{'took':<7}{'verified':<9}intermediate\n"
    )
    for chain in sorted(chains, key=lambda each: (each.database.rpartition(":")[2], each.created_at)):
        copies = [
            point for point in stage.world.recovery_points() if point.source_point_arn == chain.key.recovery_point
        ]
        places = ", ".join(f"{copy.region} dr-vault" for copy in copies) or "nowhere"
        stream.write(
            f"{chain.database.rpartition(':')[2]:<10}{chain.created_at:%a %H:%M}  {chain.state:<9}{places:<22}"
            f"{_copy_took(stage, copies):<7}{_age_when_verified(chain):<9}{_intermediate(stage, chain)}\n"
        )


def _copy_took(stage: Stage, copies: Sequence[Point]) -> str:
    """The duration of the copy jobs that made these copies."""
    made = {copy.arn for copy in copies}
    jobs = [job for job in stage.world.copy_jobs() if job.destination_point_arn in made]
    return ", ".join(_hours(job.completed_at - job.created_at) for job in jobs if job.completed_at) or "-"


def _age_when_verified(chain: Chain) -> str:
    """The age of the backup when its last copy was verified."""
    if any(hop.state != "VERIFIED" for hop in chain.hops):
        return "-"
    return _hours(max(hop.since for hop in chain.hops) - chain.created_at)


def _hours(duration: timedelta) -> str:
    return f"{duration.total_seconds() / 3600:.1f} h"


def _intermediate(stage: Stage, chain: Chain) -> str:
    """Whether the recovery point in the watched vault still exists in the world."""
    exists = any(point.arn == chain.key.recovery_point for point in stage.world.recovery_points())
    return "kept as base" if exists else "released"
