"""The faults of a night, drawn for each hour."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random

from backup_simulator import World, texts
from backup_simulator.resource_types import INSTANCES
from rehearsal.stage import DR, HOME

# Calls that the functions make, by service.
CALLS = (
    ("backup", "StartCopyJob"),
    ("backup", "StartCopyJob"),
    ("backup", "DescribeRecoveryPoint"),
    ("backup", "ListCopyJobs"),
    ("backup", "DescribeCopyJob"),
    ("backup", "DeleteRecoveryPoint"),
    ("backup", "DeleteRecoveryPoint"),
    ("backup", "DescribeBackupVault"),
    ("backup", "ListRecoveryPointsByBackupVault"),
    ("sts", "AssumeRole"),
    ("sqs", "SendMessageBatch"),
    ("sns", "Publish"),
    ("events", "PutEvents"),
    ("dynamodb", "TransactWriteItems"),
    ("dynamodb", "TransactWriteItems"),
    ("dynamodb", "GetItem"),
    ("dynamodb", "PutItem"),
    ("dynamodb", "UpdateItem"),
    ("dynamodb", "Query"),
    ("dynamodb", "BatchGetItem"),
)
ERRORS = (("ThrottlingException", 400), ("ServiceUnavailableException", 500), ("InternalFailure", 500))
# A process may sleep for long before a read. Fences guard what it does after that.
LONGEST_SLEEP = 20 * 60
# Before an effect it sleeps only as long as a call can hang, because the function's timeout is a minute. The lists lag
# by 45 s, and two clocks are wrong by 10 s each. The sum is less than the two minutes that the fence leaves.
LONGEST_EFFECT = 40
EFFECTS = frozenset({"StartCopyJob", "DeleteRecoveryPoint", "Publish", "PutEvents"})
UNSEEN = "A text that nobody has seen before."
# Every message of a FAILED copy job, and one that the engine does not know.
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
    texts.SINGLE_ACTION.format(source=HOME, destination=DR, resource_type=INSTANCES.name),
    texts.NOT_ASSUMED.format(role="arn:aws:iam::444455556666:role/copy"),
    texts.NOT_PERMITTED.format(role="arn:aws:iam::444455556666:role/copy", action="rds:CopyDBSnapshot"),
    texts.FATAL,
    texts.INTERNAL,
    "Token expired. Try again.",
    UNSEEN,
)
# Most failures end by themselves. Over many nights, each other text is drawn too.
PASSING = (texts.INTERNAL, texts.FATAL, texts.TOO_MANY_JOBS)
REPEATED = (UNSEEN, UNSEEN, texts.INTERNAL)


@dataclass(kw_only=True)
class FaultSchedule:
    """Sets the drawn faults in a world."""

    world: World
    chance: Random
    per_hour: float

    def __post_init__(self) -> None:
        self._usual = self.world.unknown

    def an_hour(self) -> None:
        """Draw the faults of the next hour."""
        many = int(self.per_hour) + (self.chance.random() < self.per_hour % 1)
        for _ in range(many):
            self._one()

    def end(self) -> None:
        """End all faults."""
        self.world.faults.clear()

    def _one(self) -> None:
        chance, faults = self.chance, self.world.faults
        service, operation = CALLS[chance.randrange(len(CALLS))]
        code, status = ERRORS[chance.randrange(len(ERRORS))]
        match chance.randrange(8):
            case 0 | 1 | 2:
                when = "before" if chance.random() < 0.5 else "after"
                faults.die(service, operation, when=when, times=chance.randint(1, 3))
            case 3:
                faults.refuse(operation, service=service, code=code, status=status, times=chance.randint(1, 5))
            case 4:
                share = chance.choice((0.05, 0.3))
                faults.flaky(share, operation, service=service, code=code, status=status)
            case 5:
                longest = LONGEST_EFFECT if operation in EFFECTS else LONGEST_SLEEP
                duration = timedelta(seconds=chance.randint(1, longest))
                faults.sleep(service, operation, duration, times=chance.randint(1, 3))
            case 6:
                self._let_deletes_fail()
            case _ if chance.random() < 0.3:
                self._fail_copies_of_a_database()
            case _:
                messages = PASSING if chance.random() < 0.5 else MESSAGES
                message = messages[chance.randrange(len(messages))]
                region = DR if chance.random() < 0.7 else None
                faults.fail_copy_job(message=message, destination_region=region, times=chance.randint(1, 8))

    def _fail_copies_of_a_database(self) -> None:
        """Let many copies of one database fail, with a text that says little."""
        databases = sorted({point.database_arn for point in self.world.landed()})
        if databases:
            self.world.faults.fail_copy_job(
                message=REPEATED[self.chance.randrange(len(REPEATED))],
                database_arn=databases[self.chance.randrange(len(databases))],
                times=self.chance.randint(8, 30),
            )

    def _let_deletes_fail(self) -> None:
        """For an hour, AWS accepts deletes and leaves the points EXPIRED."""
        self.world.set_unknown(replace(self._usual, delete_leaves_expired=True))
        self.world.clock.after(timedelta(hours=1), self._restore)

    def _restore(self) -> None:
        self.world.set_unknown(self._usual)
