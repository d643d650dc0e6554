"""A hub with many workload accounts of 20 databases each, and what limits the number of its accounts.

Run: python -m bench.large_hub [ACCOUNTS...], by default 1, 10 and 50. The template refuses more than 50 accounts. So a
hub for 500 cannot be run. The sizes of what lists the accounts are taken from two deployments, and say how many fit.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from backup_simulator import World
from bench.burst import outcome, run_burst
from bench.large_night import SCALE, line_of
from bench.meter import ACTOR
from bench.results import write
from bench.stages import measured_stage
from rehearsal.stage import Stage, Topology

ACCOUNTS = (1, 10, 50)
DATABASES = 20
FIRST_ACCOUNT = 100_000_000_000
# The rule whose pattern lists the accounts.
RULE = "FirstHopJobs"
FEW, MANY = 2, 50


def accounts(number: int) -> tuple[str, ...]:
    """So many account ids."""
    return tuple(str(FIRST_ACCOUNT + each) for each in range(number))


def a_hub(number: int) -> Stage:
    return measured_stage(World(seed=1), Topology.HUB, workload_accounts=accounts(number)).stage


def sizes_of(stage: Stage) -> dict[str, int]:
    """The bytes of everything that lists the accounts, as AWS counts them."""
    main, vault = stage.main, stage.world.vault_by_arn(stage.backup_account["WatchedVaultArn"])
    environ = main.functions[ACTOR].environ
    pattern = main.template["Resources"][RULE]["Properties"]["EventPattern"]
    return {
        "parameter": len(main.parameters["WorkloadAccountIds"]),
        "environment": sum(len(name) + len(value) for name, value in environ.items()),
        "event_pattern": len(compact(main.resolver.resolve(pattern))),
        "watched_vault_policy": len(compact(vault.policy)),
    }


def compact(document: Any) -> str:
    return json.dumps(document, separators=(",", ":"))


def growth() -> dict[str, dict[str, float]]:
    """For each size: what it is without accounts, and what each account adds."""
    few, many = sizes_of(a_hub(FEW)), sizes_of(a_hub(MANY))
    found = {}
    for name, size in few.items():
        each = (many[name] - size) / (MANY - FEW)
        found[name] = {"without_accounts": round(size - FEW * each, 3), "each_account": round(each, 3)}
    return found


def main(arguments: Sequence[str]) -> int:
    """Measure the sizes, run each hub, and write build/bench/large_hub.json after each."""
    if any(not each.isdecimal() or not 1 <= int(each) <= MANY for each in arguments):
        print(f"Each argument is a number of accounts up to {MANY}: python -m bench.large_hub 1 50", file=sys.stderr)
        return 2
    grown, hubs = growth(), list[dict[str, Any]]()
    print(f"What lists the accounts grows so: {grown}", flush=True)
    for number in [int(each) for each in arguments] or ACCOUNTS:
        burst = run_burst(number * DATABASES, topology=Topology.HUB, scale=SCALE, workload_accounts=accounts(number))
        hubs.append({"accounts": number, **outcome(burst)})
        write("large_hub", {"sizes": grown, "hubs": hubs})
        print(f"{number} accounts: {line_of(hubs[-1])}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
