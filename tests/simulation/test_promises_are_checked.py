"""Every promise is checked: each row breaks one in a part of Second Hop, and the named check must notice it.

The rows patch our own modules. No other test may: an argument would be missing there. Here the patch is the broken code
itself. A part that is renamed is not found, and its row fails until it names the part again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from secondhop.adapters.aws_errors import NOT_FOUND
from secondhop.application.sweep_chains import Swept
from secondhop.domain import patience
from secondhop.domain.verification import GOOD
from tests import broken_promises as broken
from tests import promise_checks as checks
from tests.unit.application import (
    test_announcing,
    test_arriving,
    test_bounded_messages,
    test_chains_of_unknown_origin,
    test_copying,
    test_newest_copies,
    test_overflowing_groups,
    test_points_without_expiry,
    test_releasing,
    test_rivals,
    test_slow_announcers,
    test_surveys,
    test_sweep_chains,
    test_twins,
)
from tests.unit.domain import (
    test_consequences,
    test_copy_rules,
    test_kept_intermediates,
    test_paces_and_claims,
    test_release_steps,
    test_verdicts,
)

# What is broken, the part, what stands there instead, and the check that must notice.
BROKEN: list[tuple[str, str, Any, Callable[[], None]]] = [
    (
        "1: no look before the delete",
        "secondhop.application.release.assess_arrival",
        broken.always(GOOD),
        test_releasing.test_nothing_is_deleted_when_the_copy_is_gone_at_the_last_moment,
    ),
    (
        "1: only the first hops' copies are looked at",
        "secondhop.domain.chain.Chain.standing_arrivals",
        broken.first_readers,
        test_paces_and_claims.test_what_must_stand_for_an_intermediate_are_the_last_copies_made_from_it,
    ),
    (
        "1: an intermediate goes that outlives its copies",
        "secondhop.application.release.outlives",
        broken.always(False),
        test_points_without_expiry.test_a_source_that_never_expires_is_copied_at_once_and_kept,
    ),
    (
        "1: an intermediate goes whose copies have no known expiry",
        "secondhop.application.release.inspect_arrival",
        broken.inspected_with_an_expiry,
        test_points_without_expiry.test_nothing_is_deleted_if_one_of_two_copies_has_no_expiry,
    ),
    (
        "1: the status is not judged",
        "secondhop.domain.verification._assess_status",
        broken.none,
        checks.an_expired_copy_is_not_good,
    ),
    (
        "1: the key is not judged",
        "secondhop.domain.verification._assess_key",
        broken.none,
        test_verdicts.test_without_the_vaults_key_or_a_promise_nothing_is_good,
    ),
    (
        "1: the expiry is not judged",
        "secondhop.domain.verification._assess_expiry",
        broken.none,
        test_points_without_expiry.test_an_expiry_that_is_named_late_and_too_early_is_an_incident,
    ),
    (
        "1: one verified reader is enough",
        "secondhop.domain.rules.consequences._are_readers_verified",
        broken.any_reader_is_verified,
        test_consequences.test_an_arrival_is_held_until_both_legs_of_a_fan_out_are_verified,
    ),
    (
        "1: a retention of -1",
        "secondhop.adapters.aws_backup.AwsBackup.start",
        broken.start_with_inherited_retention,
        checks.a_start_names_its_days,
    ),
    (
        "1: denied means gone",
        "secondhop.adapters.aws_backup.NOT_FOUND",
        NOT_FOUND | {"AccessDeniedException"},
        checks.only_not_found_means_gone,
    ),
    (
        "2: a copy of the same backup is no reason to stop",
        "secondhop.domain.rules.waiting._refuse_source",
        broken.refused_without_twins,
        test_twins.test_two_twins_that_arrive_together_lead_to_one_copy,
    ),
    (
        "2: a copy of the same backup under way is no reason to wait",
        "secondhop.domain.rules.waiting.wait_for_rivals",
        broken.none,
        test_rivals.test_a_hop_waits_for_a_rival_and_looks_again_in_half_an_hour,
    ),
    (
        "2: live jobs are not adopted",
        "secondhop.domain.rules.waiting.adopt",
        broken.adopted_without("CREATED", "RUNNING"),
        test_copying.test_a_live_copy_job_of_other_hands_is_adopted_and_not_doubled,
    ),
    (
        "2: finished jobs are not adopted",
        "secondhop.domain.rules.waiting.adopt",
        broken.adopted_without("COMPLETED"),
        test_releasing.test_a_finished_copy_of_a_lost_table_is_adopted_and_verified,
    ),
    (
        "2: a failed job hides a copy by hand",
        "secondhop.application.survey._is_answer",
        broken.failed_job_answers,
        test_surveys.test_a_copy_that_the_chain_itself_names_counts_and_so_does_one_that_its_failed_job_left,
    ),
    (
        "2: a new token each time",
        "secondhop.domain.rules.waiting.token_of",
        broken.another_token,
        test_copy_rules.test_the_token_is_made_of_what_aws_sees_and_of_nothing_else,
    ),
    (
        "2: an interrupted start begins a new attempt",
        "secondhop.domain.rules.copying._repeat_start",
        broken.repeated_with_another_token,
        test_copying.test_a_crash_before_the_start_is_repaired_by_the_very_same_attempt,
    ),
    (
        "2: whoever wakes late acts all the same",
        "secondhop.application.perform.Performer._is_fence_over",
        broken.always(False),
        test_releasing.test_a_worker_that_looks_for_too_long_does_not_delete,
    ),
    (
        "2: the stored version is not compared",
        "secondhop.adapters.dynamodb_chains.chain_write",
        broken.write_over_any_version,
        checks.a_stale_save_is_refused,
    ),
    (
        "3: a source is gone when its stored date is over",
        "secondhop.domain.source.with_source",
        broken.gone_by_its_date,
        checks.a_source_stands_after_its_date,
    ),
    (
        "3: nothing is announced",
        "secondhop.domain.advance.announcements",
        broken.always(()),
        test_announcing.test_people_are_told_once_and_machines_of_each,
    ),
    (
        "3: a message covers what joined while it was sent",
        "secondhop.domain.gathering.Group.sent",
        broken.sent_all_that_wait,
        test_bounded_messages.test_what_opens_while_a_message_is_sent_sends_none_and_is_in_the_next,
    ),
    (
        "3: the topic hears of each incident",
        "secondhop.domain.patience.SUMMARY_PAUSE",
        timedelta(0),
        test_bounded_messages.test_a_chain_that_waits_for_a_summary_is_looked_at_when_the_summary_is_due,
    ),
    (
        "3: a cause has no limit of messages",
        "secondhop.domain.gathering.MESSAGES_LIMIT",
        sys.maxsize,
        test_overflowing_groups.test_each_message_of_a_cause_site_and_day_counts_until_an_overflow_group_takes_over,
    ),
    (
        "3: a group whose opening may have gone out is not closed",
        "secondhop.domain.gathering.Group.sending",
        broken.sending_unannounced,
        test_bounded_messages.test_one_message_closes_a_group_when_its_last_member_has_closed,
    ),
    (
        "3: closed overtakes an open under way",
        "secondhop.domain.outbox.Outbox.fenced_until",
        broken.none,
        test_slow_announcers.test_closed_waits_for_the_last_of_several_messages_that_may_still_be_sent,
    ),
    (
        "3: the sweep drops what it misses",
        "secondhop.application.sweep_chains.SweepChains._unknown",
        broken.always(([], 0)),
        test_sweep_chains.test_an_arrival_whose_event_was_lost_is_put_on_the_queue,
    ),
    (
        "3: the sweep drops what is due",
        "secondhop.application.sweep_chains.SweepChains._put_due",
        broken.always(Swept()),
        test_sweep_chains.test_a_chain_whose_time_has_come_is_put_on_the_queue,
    ),
    (
        "3: EXPIRED is taken for gone",
        "secondhop.domain.rules.releasing._again_tomorrow",
        broken.released_as_seen_gone,
        test_release_steps.test_an_expired_leftover_is_told_at_once,
    ),
    (
        "3: no final copy is looked at again",
        "secondhop.domain.chain.Chain.final_copy_check",
        broken.none,
        test_newest_copies.test_a_final_copy_that_vanished_is_found_within_a_day_though_nothing_was_told,
    ),
    (
        "3: older copies are not looked at again",
        "secondhop.domain.chain.Chain.final_copy_check",
        broken.next_look_at_the_newest,
        test_newest_copies.test_an_older_copy_that_stands_is_looked_at_once_a_week_until_its_time_is_over,
    ),
    (
        "3: the newest copy is not looked at before the next one",
        "secondhop.domain.patience.FIRST_LOOK",
        patience.DAILY,
        test_newest_copies.test_with_a_backup_a_day_the_newest_copy_is_looked_at_before_the_next_relieves_it,
    ),
    (
        "3: a disabled key is as good as any",
        "secondhop.domain.verification._assess_key",
        broken.judged_under_a_usable_key,
        test_newest_copies.test_an_intermediate_stays_while_the_key_of_its_copy_cannot_be_used,
    ),
    (
        "4: the quota is not counted in memory",
        "secondhop.adapters.memory_chains.MemoryChains.slot_refusal",
        broken.refused_far_above_the_limit,
        test_copying.test_a_second_database_waits_for_a_slot_and_is_woken_when_one_is_free,
    ),
    (
        "4: the quota is not counted in the table",
        "secondhop.adapters.dynamodb_chains.slot_writes",
        broken.written_far_above_the_limit,
        checks.slots_end_at_the_limit,
    ),
    (
        "4: a database may be copied twice at once",
        "secondhop.adapters.memory_chains.MemoryChains.slot_refusal",
        broken.refused_unless_the_database_is_busy,
        test_copying.test_a_busy_database_is_skipped_though_the_quota_has_room,
    ),
    (
        "5: a point that was brought back counts as an arrival",
        "secondhop.application.survey.survey_origin",
        broken.origin_without_owner,
        test_chains_of_unknown_origin.test_a_point_that_was_brought_back_is_left_to_its_owner_without_an_incident,
    ),
    (
        "5: an unknown origin lets a point go",
        "secondhop.domain.rules.releasing._doubt_of_release",
        broken.doubted_with_proof,
        test_kept_intermediates.test_an_arrival_of_unknown_origin_is_kept_until_it_expires,
    ),
    (
        "5: databases of foreign accounts are claimed",
        "secondhop.domain.route.Route.refusal",
        broken.refused_to_no_account,
        test_arriving.test_points_of_foreign_accounts_regions_and_types_are_not_claimed,
    ),
    (
        "5: every vault is watched",
        "secondhop.application.advance_chain.AdvanceChain._watching",
        broken.every_route,
        test_arriving.test_a_copy_by_hand_of_a_known_arrival_is_followed,
    ),
]


@pytest.mark.parametrize(("name", "instead", "check"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_a_broken_promise_is_noticed(
    monkeypatch: pytest.MonkeyPatch, name: str, instead: Any, check: Callable[[], None]
) -> None:
    check()
    monkeypatch.setattr(name, instead)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        check()
