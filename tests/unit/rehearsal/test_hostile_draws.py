"""What a hostile night draws: each field in some nights, none of them at the cost of the others."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

from backup_simulator import OverQuota, SourceVaultShown
from rehearsal.nights.hostile_draws import HostileDraws, draw_hostility
from rehearsal.nights.scenario import Scenario, TableLoss, draw_scenario
from rehearsal.oracle import in_force

NIGHTS = 300
PLANS = [draw_scenario(seed) for seed in range(1, NIGHTS + 1)]
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


def drawn(plans: list[Scenario]) -> Counter[str]:
    return Counter(name for plan in plans for name in plan.drawn())


def test_every_hostile_field_is_drawn_in_some_nights_and_in_less_than_half_of_them() -> None:
    counts = drawn(PLANS)

    assert set(counts) == {each.name for each in fields(HostileDraws)}
    assert max(counts.values()) < NIGHTS / 2


def test_a_night_without_hostile_draws_is_the_night_that_it_was() -> None:
    plan = next(plan for plan in PLANS if plan.copies_back_per_hour and plan.short_pages)

    assert replace(plan, **vars(HostileDraws())).drawn() == []
    assert draw_scenario(plan.seed) == plan


def test_every_setting_of_the_younger_switches_is_drawn() -> None:
    unknowns = [plan.unknown for plan in PLANS]

    assert {unknown.source_vault_shown for unknown in unknowns} == set(SourceVaultShown)
    assert {unknown.over_quota for unknown in unknowns} == set(OverQuota)
    assert {unknown.resource_arn_survives_second_copy for unknown in unknowns} == {True, False}


def test_final_copies_are_changed_only_where_the_vault_is_not_locked() -> None:
    changed = ("lengthens_final_copies", "shortens_a_final_copy", "empties_the_dr_vault")

    assert {plan.loses_a_final_copy for plan in PLANS if set(changed) & set(plan.drawn())} == {True}


def test_settings_change_only_in_nights_that_allow_it() -> None:
    draws = [
        draw_hostility(seed, parameters={}, is_unlocked=False, may_change_settings=False) for seed in range(NIGHTS)
    ]

    assert {each.settings_changes for each in draws} == {()}


def test_a_night_that_loses_its_table_keeps_its_retention() -> None:
    lost = [plan for plan in PLANS if plan.table_loss is not TableLoss.NONE and plan.settings_changes]
    changed = {name for plan in PLANS for change in plan.settings_changes for name in change.parameters}

    assert lost
    assert "RetentionDays" in changed
    assert "RetentionDays" not in {
        name for plan in lost for change in plan.settings_changes for name in change.parameters
    }


def test_a_lonely_database_is_alone_in_a_quiet_night() -> None:
    lonely = [plan for plan in PLANS if plan.has_lonely_failing_database]

    assert {len(plan.databases) for plan in lonely} == {1}
    assert {(plan.faults_per_hour, plan.operator_acts_per_hour, plan.short_pages) for plan in lonely} == {(0, 0, 0)}


def test_a_value_is_in_force_from_its_moment_until_the_next_one() -> None:
    hours = [MONDAY + timedelta(hours=number) for number in range(5)]
    values = [(hours[0], "a"), (hours[2], "b"), (hours[3], "c")]

    assert in_force(values, since=hours[1], until=hours[1]) == ["a"]
    assert in_force(values, since=hours[1], until=hours[2]) == ["a", "b"]
    assert in_force(values, since=hours[2], until=hours[4]) == ["b", "c"]
