"""Backs up a database of each type, and follows each through both hops until its chain is COMPLETE."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from backup_simulator.resource_types import RESOURCE_TYPES
from local_cloud.place import BACKUP, DR, HOME, WORKLOAD, CloudError, Place

SERVICES = {each.name: each.example_name for each in RESOURCE_TYPES}
SELECTED = {"Backup": "True"}
LOOK_SECONDS = 0.5

Report = Callable[[str], None]


@dataclass
class Journey:
    """The progress of the databases' recovery points so far."""

    place: Place
    outputs: dict[str, dict[str, str]]
    report: Report
    seen: set[str] = field(default_factory=set)
    copied: set[str] = field(default_factory=set)

    def run(self, services: list[str], *, seconds: float) -> None:
        """Take backups and follow them. Raises CloudError if they are not all COMPLETE in time."""
        self.follow(self.begin(services), seconds=seconds)

    def begin(self, services: list[str]) -> dict[str, str]:
        """Take backups of new databases; return their names by their ARNs."""
        databases = {self._create(service): SERVICES[service] for service in services}
        for arn in databases:
            self._start_backup(arn)
        return databases

    def follow(self, databases: dict[str, str], *, seconds: float, state: str = "COMPLETE") -> None:
        """Report what happens until all chains have a state. Raises CloudError if they do not have it in time."""
        until = time.monotonic() + seconds
        witness = Witness.called(self.place, self.outputs["second-hop"]["WorkQueueUrl"])
        while (arrived := self._in_state(databases, state)) != set(databases.values()):
            if time.monotonic() > until:
                missing = ", ".join(sorted(set(databases.values()) - arrived))
                raise CloudError(
                    f"Not {state} after {seconds:.0f} seconds: {missing}. {self.place.log} holds the log of the cloud."
                )
            self._start_first_hops(databases, self.copied)
            witness.repeat()
            self._tell_jobs(databases)
            time.sleep(LOOK_SECONDS)
        self._tell_jobs(databases)

    def _create(self, service: str) -> str:
        name, key = SERVICES[service], self.outputs["second-hop-workload"]["KeyArn"]
        given = {"resource_type": service, "name": name, "key_arn": key, "tags": SELECTED, "size_gib": 1}
        made = self.place.control("make", what="create_database", account=WORKLOAD, region=HOME, **given)["made"]
        self.report(f"{name}: a database of {service}, encrypted with the workload account's own key")
        return str(made)

    def _start_backup(self, database: str) -> None:
        self.place.client("backup", WORKLOAD).start_backup_job(
            BackupVaultName="workload-vault",
            ResourceArn=database,
            IamRoleArn=self.outputs["second-hop-workload"]["BackupRoleArn"],
            Lifecycle={"DeleteAfterDays": 14},
        )

    def _start_first_hops(self, databases: dict[str, str], copied: set[str]) -> None:
        """Copy into the watched vault, as the plan's copy action does for the plan's own backups at 03:00."""
        backup = self.place.client("backup", WORKLOAD)
        for point in backup.list_recovery_points_by_backup_vault(BackupVaultName="workload-vault")["RecoveryPoints"]:
            arn = point["RecoveryPointArn"]
            if point["ResourceArn"] not in databases or arn in copied:
                continue
            copied.add(arn)
            backup.start_copy_job(
                RecoveryPointArn=arn,
                SourceBackupVaultName="workload-vault",
                DestinationBackupVaultArn=self.outputs["second-hop-backup"]["WatchedVaultArn"],
                IamRoleArn=self.outputs["second-hop-workload"]["BackupRoleArn"],
                Lifecycle={"DeleteAfterDays": 14},
            )
            self.report(f"{databases[point['ResourceArn']]}: backed up; the first hop into the backup account begins")

    def _tell_jobs(self, databases: dict[str, str]) -> None:
        """Report the end of each job once."""
        for hop, account in (("first hop", WORKLOAD), ("second hop", BACKUP)):
            for job in self.place.client("backup", account).list_copy_jobs()["CopyJobs"]:
                name, state = databases.get(job["ResourceArn"]), job["State"]
                mark = f"{job['CopyJobId']} {state}"
                if name is None or state not in ("RUNNING", "COMPLETED", "FAILED") or mark in self.seen:
                    continue
                self.seen.add(mark)
                why = f": {job['StatusMessage']}" if state == "FAILED" else ""
                self.report(f"{name}: {hop} {state}{why}")

    def _in_state(self, databases: dict[str, str], wanted: str) -> set[str]:
        done = set()
        for database, state in self._chains():
            if database not in databases or state != wanted:
                continue
            name = databases[database]
            done.add(name)
            if f"{name} {state}" not in self.seen:
                self.seen.add(f"{name} {state}")
                verified = f", its final copy verified in {DR}" if state == "COMPLETE" else ""
                self.report(f"{name}: the chain is {state}{verified}")
        return done

    def sweep(self) -> dict[str, Any]:
        """Run the sweep now, as its schedule does every 15 minutes; return its answer. Raises CloudError."""
        name = self.outputs["second-hop"]["SweepChainsFunction"]
        answer = self.place.client("lambda", WORKLOAD).invoke(FunctionName=name, Payload=b"{}")
        said: dict[str, Any] = json.load(answer["Payload"])
        if "FunctionError" in answer:
            raise CloudError(f"The sweep failed: {said}. {self.place.log} holds the log of the cloud.")
        return said

    def _chains(self) -> Iterator[tuple[str, str]]:
        """Database and state of each chain in Second Hop's own table."""
        table = self.place.client("dynamodb", WORKLOAD)
        for page in table.get_paginator("scan").paginate(TableName=self.outputs["second-hop"]["TableName"]):
            for item in page["Items"]:
                if item["pk"]["S"].startswith("chain#"):
                    yield item["database"]["S"], item["state"]["S"]


def final_copies(place: Place) -> list[dict[str, Any]]:
    """The recovery points in the DR vault, as AWS Backup lists them."""
    listed = place.client("backup", BACKUP, DR).list_recovery_points_by_backup_vault(BackupVaultName="dr-vault")
    return list(listed["RecoveryPoints"])


@dataclass(frozen=True)
class Witness:
    """Receives events about deletions through its own rule and queue, and repeats each one after the deletion.

    AWS sends an event only when a deletion begins. Second Hop checks again after 15 minutes of wall-clock time. A
    repeated event, which EventBridge may also send, lets it check sooner.
    """

    place: Place
    work_queue: str
    queue: str
    heard: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def called(cls, place: Place, work_queue: str) -> Witness:
        """A rule and a queue on the workload account's bus."""
        sqs, events = place.client("sqs", WORKLOAD), place.client("events", WORKLOAD)
        url = sqs.create_queue(QueueName="witness")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        pattern = {"source": ["aws.backup"], "detail": {"status": ["DELETING"]}}
        events.put_rule(Name="witness", EventPattern=json.dumps(pattern))
        events.put_targets(Rule="witness", Targets=[{"Id": "witness", "Arn": arn}])
        return cls(place, work_queue, url)

    def repeat(self) -> None:
        """Repeat the events about points that do not exist any more."""
        sqs = self.place.client("sqs", WORKLOAD)
        for message in sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", []):
            self.heard.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        backup = self.place.client("backup", BACKUP)
        standing = backup.list_recovery_points_by_backup_vault(BackupVaultName="watched-vault")["RecoveryPoints"]
        for event in list(self.heard):
            if not any(point["RecoveryPointArn"] in event["resources"] for point in standing):
                self.heard.remove(event)
                sqs.send_message(QueueUrl=self.work_queue, MessageBody=json.dumps(event))
