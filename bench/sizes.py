"""The sizes of items: of a healthy chain, and of one after twenty difficult days.

Run: python -m bench.sizes. Copies fail with messages of 900 letters, requests are refused, and an operator retries.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from backup_simulator import World
from bench.meter import OPERATOR, kind_of
from bench.results import write
from bench.stages import AN_INSTANCE, Measured, measured_stage
from rehearsal.small_dynamodb import Usage
from rehearsal.small_dynamodb.usage import LARGEST_ITEM, item_size
from rehearsal.stage import DR

FAULTS, LETTERS, DAYS = 30, 900, 20


def largest_items(*, is_difficult: bool, days: int = DAYS) -> dict[str, Any]:
    """The bytes of the largest item of each kind in some days of one database."""
    world = World(seed=1)
    measured = measured_stage(world)
    largest = dict[str, int]()
    measured.database.listeners.append(lambda usage: _keep_largest(measured, usage, largest))
    database = measured.stage.add_database(AN_INSTANCE, "difficult-" + "x" * 50, size_gib=10)
    if is_difficult:
        message = "Copy job failed. " + "An internal error occurred in a long message. " * 20
        world.faults.fail_copy_job(
            database_arn=database, destination_region=DR, message=message[:LETTERS], times=FAULTS
        )
        world.faults.refuse("StartCopyJob", code="LimitExceededException", message="y" * LETTERS, times=FAULTS)
    for _ in range(days):
        world.run_for(timedelta(days=1))
        _retry_stranded(measured)
    return {"largest_bytes": largest, "limit_bytes": LARGEST_ITEM, "states": dict(measured.states())}


def _keep_largest(measured: Measured, usage: Usage, largest: dict[str, int]) -> None:
    for key in usage.written:
        kind = kind_of((key,))
        largest[kind] = max(largest.get(kind, 0), item_size(measured.table.items.get(key)))


def _retry_stranded(measured: Measured) -> None:
    for item in list(measured.chain_items()):
        if item["state"]["S"] == "STRANDED":
            point, route = item["pk"]["S"].removeprefix("chain#"), item["sk"]["S"].removeprefix("route#")
            request = {"verb": "retry", "by": "an-operator", "recovery_point": point, "route": route}
            measured.stage.main.functions[OPERATOR](request)


def main() -> None:
    """Measure both lives, and write build/bench/sizes.json."""
    result = {"healthy": largest_items(is_difficult=False), "difficult": largest_items(is_difficult=True)}
    write("sizes", result)
    for name, each in result.items():
        print(f"{name}: {each}")


if __name__ == "__main__":
    main()
