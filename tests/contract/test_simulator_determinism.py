"""Same seed, same trace, byte for byte, in whatever process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Everything that is left to chance, switched on: faults of calls, jobs and processes, all kinds of unreliable delivery,
# forwarding, retries of a queue, system errors, expiries, and every switch away from its default.
SCRIPT = """
import json
import sys
from datetime import timedelta
from botocore.exceptions import ClientError
from backup_simulator import Delivery, DeleteDuringCopy, OverQuota, ProcessDied, RuleTarget, SourceVaultShown
from backup_simulator import TokenOfAnother, UnknownBehaviour
from tests.simulated_place import DR, HOME, A, B, Journey

unknown = UnknownBehaviour(
    over_quota=OverQuota.FAILS, token_lifetime=timedelta(hours=1), delete_during_copy=DeleteDuringCopy.REFUSED,
    unshare_failure_state="FAILED", creation_date_inherited=False, destination_sees_copy_events=True,
    arrival_is_creating_first=True, delete_asks_the_points_role=True, unknown_vault_denied=False,
    token_of_another=TokenOfAnother.NEW_JOB, identical_calls_merged_for=timedelta(minutes=1),
    source_vault_shown=SourceVaultShown.NEVER, resource_arn_survives_second_copy=False,
    system_error_share=0.3, system_error_is_long=sys.argv[1] == "9",
)
delivery = Delivery(duplicate=0.3, loss=0.3, reorder=0.3)
journey = Journey(seed=int(sys.argv[1]), delivery=delivery, unknown=unknown)
world, faults = journey.world, journey.world.faults
faults.flaky(0.2)
faults.flaky(0.1, "ListCopyJobs", code="ServiceUnavailableException", status=500)
faults.fail_copy_job(message="An internal error occurred.", times=3)
faults.die("backup", "StartCopyJob", when="after", times=2)

dead = journey.site.create_queue("dead")
queue = journey.site.create_queue("work", dead_letter_arn=dead.arn, max_receive_count=2)
there = world.site(B, HOME)
heard = there.create_queue("heard")
put = {"Statement": [{"Effect": "Allow", "Action": "events:PutEvents", "Resource": "*"}]}
role = world.account(A).create_role("forward", trust={"Statement": []}, policies=[put])
bus = f"arn:aws:events:{HOME}:{B}:event-bus/default"
there.put_bus_policy({"Effect": "Allow", "Principal": {"AWS": A}, "Action": "events:PutEvents", "Resource": bus})
everything = {"source": ["aws.backup"]}
journey.site.put_rule("in", pattern=everything, targets=[RuleTarget(id="q", arn=queue.arn)])
journey.site.put_rule("out", pattern=everything, targets=[RuleTarget(id="b", arn=bus, role_arn=role)])
there.put_rule("heard", pattern=everything, targets=[RuleTarget(id="q", arn=heard.arn)])


def work(batch):
    world.note("work", A, HOME, " ".join(each["messageId"] for each in batch["Records"]))
    return {"batchItemFailures": [{"itemIdentifier": each["messageId"]} for each in batch["Records"]
                                  if world.random.random() < 0.5]}


journey.site.map_queue(queue.arn, work)
for number in range(30):
    journey.site.create_database("Aurora", f"cluster-{number}", key_arn=journey.point.key_arn, tags={"Backup": "True"})
plan = {"RuleName": "n", "TargetBackupVaultName": "near", "ScheduleExpression": "cron(0 */6 ? * MON-FRI *)",
        "CopyActions": [{"DestinationBackupVaultArn": journey.target}], "Lifecycle": {"DeleteAfterDays": 2}}
tagged = {"IamRoleArn": journey.role, "ListOfTags": [
    {"ConditionType": "STRINGEQUALS", "ConditionKey": "Backup", "ConditionValue": "True"}]}
journey.site.create_plan({"BackupPlanName": "p", "Rules": [plan]}, [tagged])
for hour in range(100):
    if hour == 50:
        journey.allow_all_but("rds:DeleteDBClusterSnapshot")
    world.run_for(timedelta(hours=1))
    try:
        journey.copy(IdempotencyToken=str(hour // 3))
        journey.client.list_copy_jobs()
        oldest = journey.client.list_recovery_points_by_backup_vault(BackupVaultName="near")["RecoveryPoints"][-1]
        journey.client.delete_recovery_point(BackupVaultName="near", RecoveryPointArn=oldest["RecoveryPointArn"])
    except ClientError as refused:
        world.note("refused", A, HOME, str(refused))
    except ProcessDied as died:
        world.note("died", A, HOME, str(died))
for line in world.trace:
    print(line.at.isoformat(), line.kind, line.account, line.region, line.text, line.facts, sep="\\t")
for one in (queue, dead, heard):
    print(one.name, [message.id for message in one.messages.values()])
print(json.dumps(sorted(map(str, world.calls.items()))))
"""
KINDS = (
    b"backup job",
    b"copy job",
    b"died",
    b"delete",
    b"event",
    b"event lost",
    b"gone",
    b"recovery point",
    b"refused",
    b"work",
)
SAID = (
    b"copy job FAILED",
    b"There are too many copy jobs running for resource.",
    b"An internal error occurred.",
    b"ThrottlingException",
    b"ServiceUnavailableException",
    b"is EXPIRED",
    b"'status': 'CREATING'",
    b"is DELETING",
)


def trace(seed: int, hash_seed: str) -> bytes:
    environ = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    command = [sys.executable, "-c", SCRIPT, str(seed)]
    return subprocess.run(command, env=environ, cwd=ROOT, check=True, capture_output=True).stdout


def test_one_seed_gives_one_trace_in_processes_with_different_hash_seeds() -> None:
    first = trace(7, "1")

    assert first.count(b"\n") > 5000
    assert set(KINDS) <= {line.split(b"\t")[1] for line in first.splitlines() if b"\t" in line}
    assert [said for said in SAID if said not in first] == []
    assert first == trace(7, "2")
    assert first != trace(8, "1")
