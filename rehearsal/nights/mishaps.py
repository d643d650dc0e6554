"""What goes wrong in the faulty hours of a night, drawn hour by hour."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from backup_simulator import World, texts
from rehearsal.stage import DR

# Calls that the functions make, by service.
CALLS = (
    ("backup", "StartCopyJob"),
    ("backup", "DescribeRecoveryPoint"),
    ("backup", "ListCopyJobs"),
    ("backup", "DescribeCopyJob"),
    ("backup", "DeleteRecoveryPoint"),
    ("backup", "DescribeBackupVault"),
    ("backup", "ListRecoveryPointsByBackupVault"),
    ("sts", "AssumeRole"),
    ("sqs", "SendMessageBatch"),
    ("sns", "Publish"),
)
ERRORS = (("ThrottlingException", 400), ("ServiceUnavailableException", 500), ("InternalFailure", 500))
# Every message with which a copy job may end FAILED, and one that nobody has seen.
MESSAGES = (
    texts.ORGANIZATION,
    texts.SETTING,
    texts.VAULT_POLICY,
    texts.DEFAULT_KEY,
    texts.MANAGED_KEY,
    texts.SOURCE_KEY.format(key="arn:aws:kms:eu-west-1:444455556666:key/0"),
    texts.DESTINATION_KEY,
    texts.RETENTION,
    texts.OPTION_GROUP.format(options="TDE"),
    texts.LIST_TAGS,
    texts.TOO_MANY_TAGS,
    texts.TOO_MANY_JOBS,
    texts.SINGLE_ACTION.format(source="eu-west-1", destination=DR, resource_type="RDS"),
    texts.NOT_ASSUMED.format(role="arn:aws:iam::444455556666:role/copy"),
    texts.NOT_PERMITTED.format(role="arn:aws:iam::444455556666:role/copy", action="rds:CopyDBSnapshot"),
    texts.FATAL,
    texts.INTERNAL,
    "Token expired. Try again.",
    "A text that nobody has seen before.",
)


@dataclass(kw_only=True)
class Mishaps:
    """Puts faults into a world."""

    world: World
    chance: Random
    per_hour: float

    def an_hour(self) -> None:
        """Draw what goes wrong in the coming hour."""
        many = int(self.per_hour) + (self.chance.random() < self.per_hour % 1)
        for _ in range(many):
            self._one()

    def _one(self) -> None:
        chance, faults = self.chance, self.world.faults
        service, operation = CALLS[chance.randrange(len(CALLS))]
        code, status = ERRORS[chance.randrange(len(ERRORS))]
        match chance.randrange(4):
            case 0:
                faults.die(service, operation, when="before" if chance.random() < 0.5 else "after")
            case 1:
                faults.refuse(operation, service=service, code=code, status=status, times=chance.randint(1, 5))
            case 2:
                share = chance.choice((0.05, 0.3))
                faults.flaky(share, operation, service=service, code=code, status=status)
            case _:
                message = MESSAGES[chance.randrange(len(MESSAGES))]
                region = DR if chance.random() < 0.7 else None
                faults.fail_copy_job(message=message, destination_region=region, times=chance.randint(1, 3))
