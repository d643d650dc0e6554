"""What `secondhop init` writes is enough: deployed step by step from its files alone, a night ends COMPLETE."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from backup_simulator import World
from rehearsal.deployment import Stack
from rehearsal.template import TemplateError
from secondhop.adapters.memory_chains import MemoryChains
from secondhop.domain.chain import ChainState
from tests.installing import BACKUP, GOOD, HUB, KEY, ROOT, WORKLOAD, Checkout

HOME, DR = "eu-west-1", "eu-central-1"


@pytest.mark.parametrize("given", [GOOD, HUB], ids=["workload", "hub"])
def test_the_written_files_deploy_in_the_printed_order_and_a_night_ends_well(
    tmp_path: Path, given: dict[str, str]
) -> None:
    checkout = Checkout(tmp_path)
    world, chains = World(), MemoryChains()
    accounts = given["workload_accounts"].split(",")
    is_hub = given is HUB
    assert checkout.init(given).code == 0

    def deploy(stack: str, account: str, region: str) -> dict[str, str]:
        path = ROOT / ("template.yaml" if stack == "template" else f"stacks/{stack}.yaml")
        parameters = checkout.parameters(stack)
        return Stack(world, path, account, region, f"second-hop-{stack}", parameters, chains, world.session).deploy()

    for account in (*accounts, BACKUP):
        world.account(account).create_service_linked_role("backup.amazonaws.com")
    assert checkout.init({"dr_key_arn": deploy("dr-region", BACKUP, DR)["KeyArn"]}).code == 0
    roles = deploy("backup-account", BACKUP, HOME)
    assert checkout.init({"copy_role_arn": roles["CopyRoleArn"]}).code == 0
    if is_hub:
        workloads = {account: deploy("workload", account, HOME) for account in accounts}
        deploy("template", BACKUP, HOME)
    else:
        assert checkout.init({"operator_role_arn": roles["OperatorRoleArn"]}).code == 0
        deploy("template", accounts[0], HOME)
        workloads = {account: deploy("workload", account, HOME) for account in accounts}
        # The second deployment of the main stack is not simulated; it only adds this parameter.
        role = workloads[accounts[0]]["BackupRoleArn"]
        assert checkout.init({"first_hop_role_arn": role}).code == 0
        assert checkout.parameters("template")["FirstHopRoleArn"] == role
    for account, made in workloads.items():
        world.site(account, HOME).create_database("RDS", "orders", key_arn=made["KeyArn"], tags={"Backup": "True"})
    world.run_for(timedelta(hours=24))

    assert [chain.state for chain in chains.all()] == [ChainState.COMPLETE] * len(accounts)
    finals = [point for point in world.recovery_points() if (point.account, point.region) == (BACKUP, DR)]
    assert {point.database_arn.split(":")[4] for point in finals} == set(accounts)


@pytest.mark.parametrize(("stack", "region"), [("dr-region", DR), ("backup-account", HOME)])
def test_the_written_files_of_the_backup_account_make_nothing_in_another_account(
    tmp_path: Path, stack: str, region: str
) -> None:
    checkout, world = Checkout(tmp_path), World()
    assert checkout.init({**GOOD, "dr_key_arn": KEY}).code == 0
    path, parameters = ROOT / f"stacks/{stack}.yaml", checkout.parameters(stack)

    with pytest.raises(TemplateError, match="belongs in the account BackupAccountId"):
        Stack(world, path, WORKLOAD, region, f"second-hop-{stack}", parameters, MemoryChains(), world.session).deploy()
