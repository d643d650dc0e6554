"""Measure the simulator: copy jobs per second of one core, from start to the matched event, by the engine and by boto3.

Run: python bench/simulator.py [JOBS]. One account, two Regions, a rule with a queue as its target among many rules that
do not match; every job runs from CREATED to COMPLETED. Exit code 1 if a bar is missed.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from time import process_time
from typing import Any

from backup_simulator import RuleTarget, World
from backup_simulator.model import Point
from backup_simulator.resource_types import INSTANCES

ACCOUNT, HOME, DR = "111122223333", "eu-west-1", "eu-central-1"
BARS = {"engine": 5000, "boto3": 1500}
OTHER_RULES = 20
TRUST = {
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "backup.amazonaws.com"}, "Action": "sts:AssumeRole"}]
}
ALL = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def prepare(jobs: int) -> tuple[World, str, list[dict[str, Any]], str]:
    """A world with so many points, and a request for a copy of each."""
    world = World(enforce_identity=True)
    account = world.account(ACCOUNT)
    account.create_service_linked_role("backup.amazonaws.com")
    role = account.create_role("backup", trust=TRUST, policies=[ALL])
    here, there = world.site(ACCOUNT, HOME), world.site(ACCOUNT, DR)
    vault = here.create_vault("near", key_arn=here.create_key())
    target = there.create_vault("far", key_arn=there.create_key())
    queue = here.create_queue("events")
    pattern = {"source": ["aws.backup"], "detail-type": ["Copy Job State Change"], "detail": {"state": ["COMPLETED"]}}
    here.put_rule("done", pattern=pattern, targets=[RuleTarget(id="queue", arn=queue.arn)])
    for number in range(OTHER_RULES):
        other = {"source": ["aws.backup"], "detail": {"destinationBackupVaultArn": [f"arn:other-{number}"]}}
        here.put_rule(f"other-{number}", pattern=other, targets=[RuleTarget(id="queue", arn=queue.arn)])
    requests = []
    for number in range(jobs):
        point = a_point(world, number, vault, role)
        world.add_point(point, announce=False)
        requests.append(
            {
                "RecoveryPointArn": point.arn,
                "SourceBackupVaultName": "near",
                "DestinationBackupVaultArn": target,
                "IamRoleArn": role,
                "IdempotencyToken": f"token-{number}",
                "Lifecycle": {"DeleteAfterDays": 35},
            }
        )
    return world, role, requests, queue.arn


def a_point(world: World, number: int, vault_arn: str, role_arn: str) -> Point:
    return Point(
        arn=f"arn:aws:rds:{HOME}:{ACCOUNT}:snapshot:awsbackup:job-{number}",
        account=ACCOUNT,
        region=HOME,
        vault_arn=vault_arn,
        database_arn=f"arn:aws:rds:{HOME}:{ACCOUNT}:db:database-{number}",
        resource_type=INSTANCES.name,
        status="COMPLETED",
        created_at=world.now(),
        completed_at=world.now(),
        delete_after_days=None,
        key_arn=world.vault_by_arn(vault_arn).key_arn,
        encrypted=True,
        size_bytes=0,
        role_arn=role_arn,
        tags={"Backup": "True"},
    )


def run_out(world: World, jobs: int, queue_arn: str) -> None:
    """Let every job end and be announced. Twenty run at a time."""
    while sum(message is not None for message in world.queue(queue_arn).messages.values()) < jobs:
        world.run_for(timedelta(days=1))


def rate(world: World, jobs: int, began: float) -> float:
    """Jobs per second; that all of them were completed is looked at when the time has been taken."""
    seconds = process_time() - began
    assert [job.state for job in world.copy_jobs()] == ["COMPLETED"] * jobs
    return jobs / seconds


def by_engine(jobs: int) -> float:
    world, role, requests, queue_arn = prepare(jobs)
    key = world.issue_key(ACCOUNT, role)
    began = process_time()
    for request in requests:
        world.call(key, HOME, "backup", "StartCopyJob", request)
    run_out(world, jobs, queue_arn)
    return rate(world, jobs, began)


def by_boto3(jobs: int) -> float:
    world, role, requests, queue_arn = prepare(jobs)
    client = world.session(ACCOUNT, role, HOME).client("backup")
    began = process_time()
    for request in requests:
        client.start_copy_job(**request)
    run_out(world, jobs, queue_arn)
    return rate(world, jobs, began)


def main(arguments: list[str]) -> int:
    if arguments and not arguments[0].isdecimal():
        print("The number of jobs must be a positive whole number.", file=sys.stderr)
        return 2
    jobs = int(arguments[0]) if arguments else 5000
    reached = {"engine": by_engine(jobs), "boto3": by_boto3(jobs)}
    for door, rate in reached.items():
        print(f"{door:8} {rate:8,.0f} copy jobs/s of processor time, {jobs} jobs (bar: {BARS[door]:,})")
    return int(any(rate < BARS[door] for door, rate in reached.items()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
