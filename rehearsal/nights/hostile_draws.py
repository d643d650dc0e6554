"""The hostile draws of a night: unusual answers of AWS, changes that people make, changed settings.

Each field has its own random stream, so that switching one off changes nothing else for a seed. A field with its
default value has no effect.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from random import Random
from typing import Any

from backup_simulator import OverQuota, SourceVaultShown, TokenOfAnother, UnknownBehaviour, texts

FIFTY, FORTY = 50, 40
# One night in fifty runs until every recovery point has expired. One in forty has a single, always failing database.
UNTIL_ALL_IS_GONE, LONELY = 16, 22
FOR_EVER = -1
# So many reads of a copy job take hours.
FOR_HOURS = 60
READS = ("DescribeRecoveryPoint", "ListRecoveryPointsByBackupVault", "DescribeCopyJob", "ListCopyJobs")
# With these retentions, arrivals live longer than their final copies.
LONG_DAYS = (365, 400, FOR_EVER)
DAILY, MONTHLY = "cron(0 15 ? * * *)", "cron(0 15 6 * ? *)"


@dataclass(frozen=True, kw_only=True)
class SettingsChange:
    """Parameters to deploy in an hour of the night. `intermediate_days` is the plan's copy retention."""

    hour: int
    parameters: Mapping[str, str]
    intermediate_days: int | None = None


@dataclass(frozen=True, kw_only=True)
class SecondPlan:
    """A second backup plan for the same databases. `days` is the retention of its arrivals."""

    schedule: str
    days: int


@dataclass(frozen=True, kw_only=True)
class HostileDraws:
    """All hostile draws. `short_pages` and `partial_answers` are shares of pages and of batch entries.

    `missing_fields`, `late_points` and `nameless_copies` say for how many reads. Rates are per hour. The `throttled`
    operation of AWS Backup is throttled for the whole night. Items of the table are unreadable, answers of AWS garbled.
    `blocked_heads` is how many first chains of queues cannot be read, also in the quiet hours.
    """

    short_pages: float = 0.0
    partial_answers: float = 0.0
    odd_codes_per_hour: float = 0.0
    key_faults_per_hour: float = 0.0
    missing_fields: int = 0
    late_points: int = 0
    nameless_copies: int = 0
    throttled: str = ""
    lifecycle_changes_per_hour: float = 0.0
    copies_back_per_hour: float = 0.0
    copies_elsewhere_per_hour: float = 0.0
    settings_changes: tuple[SettingsChange, ...] = ()
    second_plan: SecondPlan | None = None
    lengthens_final_copies: bool = False
    shortens_a_final_copy: bool = False
    empties_the_dr_vault: bool = False
    has_lonely_failing_database: bool = False
    lonely_message: str = texts.INTERNAL
    runs_until_all_is_gone: bool = False
    leaves_the_dr_vault_unlocked: bool = False
    hangs_per_hour: float = 0.0
    unreadable_per_hour: float = 0.0
    garbled_per_hour: float = 0.0
    blocked_heads: int = 0
    kills_late_functions: bool = False

    def drawn(self) -> list[str]:
        """The names of the fields that are not at their defaults."""
        return [each.name for each in fields(HostileDraws) if getattr(self, each.name) != each.default]


def draw_hostility(
    seed: int, *, parameters: Mapping[str, str], is_unlocked: bool, may_change_settings: bool, loses_table: bool = False
) -> HostileDraws:
    """Draw the hostile fields of a night. With `is_unlocked` the administrator can change final copies.

    `loses_table` leaves RetentionDays as it is: without its table Second Hop does not know that it made a copy under an
    older retention. It reports such a copy as MISMATCH, and an operator's retry makes another one.
    """
    if seed % FORTY == LONELY:
        # With copies that fail for days the lifecycle of their sources matters: half of these nights change it.
        message = _stream(seed, "lonely message").choice((texts.INTERNAL, texts.INTERNAL, texts.DESTINATION_KEY))
        rate = 0.5 * (seed // FORTY % 2)
        return HostileDraws(has_lonely_failing_database=True, lonely_message=message, lifecycle_changes_per_hour=rate)
    common = HostileDraws(
        short_pages=_with_odds(seed, "short pages", 0.25, (0.2, 0.8)),
        partial_answers=_with_odds(seed, "partial answers", 0.2, (0.05, 0.3)),
        odd_codes_per_hour=_with_odds(seed, "odd codes", 0.25, (0.5, 2.0)),
        key_faults_per_hour=_with_odds(seed, "key faults", 0.15, (0.1, 0.4)),
        missing_fields=_with_odds(seed, "missing fields", 0.2, (1, 3)),
        late_points=_with_odds(seed, "late points", 0.15, (1, 2)),
        nameless_copies=_with_odds(seed, "nameless copies", 0.1, (1, 3, FOR_HOURS)),
        throttled=_with_odds(seed, "throttled", 0.05, READS),
        hangs_per_hour=_with_odds(seed, "hangs", 0.15, (0.05, 0.2)),
        unreadable_per_hour=_with_odds(seed, "unreadable", 0.1, (0.1, 0.3)),
        garbled_per_hour=_with_odds(seed, "garbled", 0.15, (0.3, 1.0)),
        blocked_heads=_with_odds(seed, "blocked heads", 0.1, (1, 1, 2)),
        kills_late_functions=_stream(seed, "timeouts").random() < 0.3,
    )
    if seed % FIFTY == UNTIL_ALL_IS_GONE:
        is_unlocked = _stream(seed, "left unlocked").random() < 0.5
        return replace(common, runs_until_all_is_gone=True, leaves_the_dr_vault_unlocked=is_unlocked)
    drawn = replace(
        common,
        lifecycle_changes_per_hour=_with_odds(seed, "lifecycle changes", 0.15, (0.1, 0.5)),
        copies_back_per_hour=_with_odds(seed, "copies back", 0.2, (0.1, 0.5)),
        copies_elsewhere_per_hour=_with_odds(seed, "copies elsewhere", 0.15, (0.2, 0.6)),
        settings_changes=_settings_changes(seed, parameters, loses_table=loses_table) if may_change_settings else (),
        second_plan=_second_plan(seed),
    )
    return _of_unlocked_vault(seed, drawn) if is_unlocked else drawn


def draw_switches(seed: int, unknown: UnknownBehaviour) -> UnknownBehaviour:
    """Draw the switches that were added later, from their own random streams."""
    over_quota = _stream(seed, "over quota")
    survives = _stream(seed, "resource arn").random() >= 0.03
    merges = _stream(seed, "merged calls").random() < 0.1
    return replace(
        unknown,
        over_quota=OverQuota.QUEUES_THEN_FAILS if over_quota.random() < 0.25 else unknown.over_quota,
        source_vault_shown=_stream(seed, "source vault").choice(list(SourceVaultShown)),
        token_of_another=_stream(seed, "token of another").choice(list(TokenOfAnother)),
        identical_calls_merged_for=timedelta(minutes=10) if merges else unknown.identical_calls_merged_for,
        resource_arn_survives_second_copy=survives,
    )


def _stream(seed: int, name: str) -> Random:
    return Random(f"hostile {name} {seed}")  # noqa: S311 - a night must be repeatable


def _with_odds(seed: int, name: str, odds: float, values: tuple[Any, ...]) -> Any:
    """One of some values in a share of the nights, and zero, or an empty text, in the others."""
    chance = _stream(seed, name)
    return chance.choice(values) if chance.random() < odds else type(values[0])()


def _settings_changes(seed: int, parameters: Mapping[str, str], *, loses_table: bool) -> tuple[SettingsChange, ...]:
    """One to three changes. Retentions stay within the DR vault's lock and the route's minimum."""
    chance = _stream(seed, "settings")
    if chance.random() >= 0.2:
        return ()
    retention = int(parameters.get("RetentionDays", "35"))
    choices: tuple[tuple[str, tuple[str, ...]], ...] = (
        ("RetentionDays", (str(retention + 1), str(retention + 25), str(max(8, retention - 10)))),
        ("KeepRdsIntermediates", ("0", "1", "2", "all")),
        ("KeepClusterIntermediates", ("0", "1", "all")),
        ("MaximumRdsCopies", ("1", "3")),
        ("MaximumClusterCopies", ("1", "2")),
        ("SweepIntervalMinutes", ("10", "20", "30")),
        ("FirstHopRetentionDays", ("7", "20")),
    )
    choices = choices[1:] if loses_table else choices
    changes = []
    for _ in range(chance.randint(1, 3)):
        name, values = chance.choice(choices)
        days = chance.choice((None, None, 7, 30))
        changes.append(
            SettingsChange(hour=chance.randint(3, 34), parameters={name: chance.choice(values)}, intermediate_days=days)
        )
    return tuple(changes)


def _second_plan(seed: int) -> SecondPlan | None:
    chance = _stream(seed, "second plan")
    if chance.random() >= 0.1:
        return None
    return SecondPlan(schedule=chance.choice((DAILY, MONTHLY)), days=chance.choice(LONG_DAYS))


def _of_unlocked_vault(seed: int, drawn: HostileDraws) -> HostileDraws:
    """One change of final copies by the administrator, in each night that allows it."""
    match _stream(seed, "final copies").randrange(4):
        case 0:
            return replace(drawn, lengthens_final_copies=True)
        case 1:
            return replace(drawn, shortens_a_final_copy=True)
        case 2:
            return replace(drawn, empties_the_dr_vault=True)
        case _:
            return drawn
