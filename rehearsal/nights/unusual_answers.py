"""Faults of AWS in hostile nights: rare error codes, incomplete answers, and keys that are unusable for hours."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from backup_simulator.model import site_of
from rehearsal.nights.expectations import Expectations
from rehearsal.nights.faults import CALLS
from rehearsal.nights.hostile_draws import HostileDraws
from rehearsal.stage import DR, HOME

# Common error codes of AWS, besides the three that every night draws. None of them says "not found".
ODD_CODES = (
    ("AccessDeniedException", 403),
    ("DependencyFailureException", 500),
    ("ExpiredTokenException", 403),
    ("InternalServerError", 500),
    ("InvalidParameterValueException", 400),
    ("LimitExceededException", 400),
    ("ProvisionedThroughputExceededException", 400),
    ("RequestLimitExceeded", 503),
    ("RequestTimeoutException", 408),
    ("TooManyRequestsException", 429),
    ("UnrecognizedClientException", 400),
)
KEY_CODES = (
    ("AccessDeniedException", 400),
    ("KMSInternalException", 500),
    ("ThrottlingException", 400),
    ("DependencyTimeoutException", 503),
)
FIELDS = ("CalculatedLifecycle", "IsEncrypted", "EncryptionKeyArn", "CompletionDate")
# What can hang at the same time: some operations, or a whole service in a Region.
HANGING: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("backup", DR, ()),
    ("backup", HOME, ()),
    ("backup", HOME, ("StartCopyJob",)),
    ("backup", HOME, ("DeleteRecoveryPoint",)),
    ("kms", DR, ()),
    ("sts", HOME, ()),
    ("sns", HOME, ()),
    ("events", HOME, ()),
)
# The table's answers come from a stand-in. Its items can be unreadable.
READABLE = tuple(call for call in CALLS if call[0] != "dynamodb")
AN_HOUR = timedelta(hours=1)
FOR_EVER = 10**6


@dataclass(kw_only=True)
class UnusualAnswers:
    """Sets the faults of hostile draws in a world."""

    draws: HostileDraws
    expected: Expectations
    chance: Random
    counts: Counter[str]

    def __post_init__(self) -> None:
        self.garbling = Random(f"garbled {self.chance.random()}")  # noqa: S311 - a night must be repeatable

    def begin(self) -> None:
        """Set the faults that last for all faulty hours."""
        draws, faults = self.draws, self.expected.world.faults
        faults.short_pages(draws.short_pages)
        faults.partial("sqs", "SendMessageBatch", draws.partial_answers)
        faults.partial("events", "PutEvents", draws.partial_answers)
        faults.partial("dynamodb", "BatchGetItem", draws.partial_answers)
        if draws.missing_fields:
            for name in FIELDS:
                faults.missing_fields(name, looks=draws.missing_fields, share=0.5)
        if draws.late_points:
            faults.late_points(looks=draws.late_points, share=0.5)
        if draws.nameless_copies:
            faults.nameless_copies(looks=draws.nameless_copies, share=0.3)
        if draws.throttled:
            faults.flaky(1.0, draws.throttled)
        self._fail_the_lonely_database()

    def an_hour(self) -> None:
        """Draw the faults of the next hour."""
        if self.chance.random() < self.draws.odd_codes_per_hour:
            self._odd_code()
        if self.chance.random() < self.draws.key_faults_per_hour:
            self._key_fault()
        if self.chance.random() < self.draws.hangs_per_hour:
            self._hang()
        if self.garbling.random() < self.draws.garbled_per_hour:
            self._garble()

    def end(self) -> None:
        """Make every key usable again, and count the faults that happened."""
        for key_arn in list(self.expected.unusable_keys):
            self._enable(key_arn)
        for what, count in self.expected.world.faults.struck.items():
            self.counts[f"fault: {what}"] += count
        self._fail_the_lonely_database()

    def _fail_the_lonely_database(self) -> None:
        """Its copies always fail, also in the quiet hours."""
        if self.draws.has_lonely_failing_database:
            (database,) = self.expected.world.databases
            message = self.draws.lonely_message
            self.expected.world.faults.fail_copy_job(
                message=message, database_arn=database, destination_region=DR, times=FOR_EVER
            )

    def _odd_code(self) -> None:
        chance, faults = self.chance, self.expected.world.faults
        service, operation = chance.choice(CALLS)
        code, status = chance.choice(ODD_CODES)
        self.counts[f"fault: {code}"] += 1
        if chance.random() < 0.7:
            message, times = f"{code} was drawn", chance.randint(1, 5)
            faults.refuse(operation, service=service, code=code, status=status, message=message, times=times)
        else:
            faults.flaky(0.2, operation, service=service, code=code, status=status, message=f"{code} was drawn")

    def _key_fault(self) -> None:
        chance, world = self.chance, self.expected.world
        if chance.random() < 0.4:
            code, status = chance.choice(KEY_CODES)
            world.faults.refuse("DescribeKey", service="kms", code=code, status=status, times=chance.randint(1, 4))
            self.counts["fault: a question about a key was refused"] += 1
            return
        key_arn = chance.choice(self._keys())
        if key_arn in self.expected.unusable_keys:
            return
        is_pending, hours = chance.random() < 0.5, chance.randint(1, 8)
        self._disable(key_arn, is_pending=is_pending)
        what = "a key waited for its deletion" if is_pending else "a key was disabled"
        self.counts[f"fault: {what}"] += 1
        if is_pending:
            # CancelKeyDeletion leaves a key disabled.
            world.clock.after(hours * AN_HOUR, lambda: self._cancel_deletion(key_arn))
            hours += 1
        world.clock.after(hours * AN_HOUR, lambda: self._enable(key_arn))

    def _garble(self) -> None:
        """Some answers of an operation, or a fifth of all from now on, cannot be read."""
        chance, faults = self.garbling, self.expected.world.faults
        service, operation = chance.choice(READABLE)
        if chance.random() < 0.7:
            faults.garble(service, operation, times=chance.randint(1, 5))
        else:
            faults.garble(service, operation, share=0.2)

    def _hang(self) -> None:
        """A service in a Region does not answer for a time, or carries out requests and loses its answers."""
        chance, world = self.chance, self.expected.world
        until = world.now() + timedelta(minutes=chance.randint(5, 180))
        service, region, operations = chance.choice(HANGING)
        kind = chance.choice(("no connection", "no answer", "answers are lost"))
        world.faults.hang(
            service,
            region,
            *operations,
            until=until,
            is_connected=kind != "no connection",
            is_carried_out=kind == "answers are lost",
        )
        self.counts[f"fault: a service hung, {kind}"] += 1

    def _keys(self) -> list[str]:
        stage = self.expected.stage
        vaults = (self.expected.watched, self.expected.final)
        of_vaults = [self.expected.world.vault_by_arn(vault).key_arn for vault in vaults]
        return [*of_vaults, *(outputs["KeyArn"] for outputs in stage.workloads.values())]

    def _disable(self, key_arn: str, *, is_pending: bool) -> None:
        self.expected.world.site(*site_of(key_arn)).disable_key(key_arn, pending_deletion=is_pending)
        self.expected.unusable_keys.setdefault(key_arn, self.expected.world.now())

    def _cancel_deletion(self, key_arn: str) -> None:
        if key_arn in self.expected.unusable_keys:
            self._disable(key_arn, is_pending=False)

    def _enable(self, key_arn: str) -> None:
        self.expected.world.site(*site_of(key_arn)).enable_key(key_arn)
        self.expected.unusable_keys.pop(key_arn, None)
