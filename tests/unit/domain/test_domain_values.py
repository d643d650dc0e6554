"""Small values: ARNs, routes, retention, causes, incidents, the table of transitions."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from secondhop.domain import patience
from secondhop.domain.arn import Arn, Site, Vault, is_continuous, is_multi_az_cluster
from secondhop.domain.chain import ChainState
from secondhop.domain.checking import next_check
from secondhop.domain.classification import REMEDIES, ROWS, Cause, classify
from secondhop.domain.errors import MalformedError, SettingsError
from secondhop.domain.hop import HopState, Trouble
from secondhop.domain.ledger import changes, slots_of
from secondhop.domain.lifecycle import is_too_late, promised_expiry
from secondhop.domain.resource_types import CLUSTERS
from secondhop.domain.route import Retention, problems_of
from secondhop.domain.rules.table import HOP_ROWS, INTERMEDIATE_ROWS
from tests.builders import (
    DR_VAULT,
    NIGHT,
    NOW,
    RETENTION,
    SECOND_DR_VAULT,
    WATCHED,
    a_chain,
    a_fan_out,
    a_leg,
    a_route,
    with_hop,
)

NO_ARNS = (
    "",
    "arn:aws:rds",
    "not:an:arn:at:all:x",
    "arn:aws::::",
    "arn::rds:r:a:db:x",
    "arn:aws::r:a:db:x",
    "arn:aws:rds:r:a:",
)


@pytest.mark.parametrize("text", [*NO_ARNS, None, {}, 7])
def test_what_is_no_arn_is_refused_with_what_was_found(text: object) -> None:
    with pytest.raises(MalformedError, match="not an ARN"):
        Arn.parse(text)


def test_arns_of_every_partition_are_read_and_written_the_same() -> None:
    for partition in ("aws", "aws-cn", "aws-us-gov", "aws-iso"):
        text = f"arn:{partition}:rds:eu-west-1:111122223333:snapshot:awsbackup:job-1"
        assert str(Arn.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "arn:aws:backup:eu-west-1:111122223333:recovery-point:x",
        "arn:aws:rds:eu-west-1:111122223333:backup-vault:x1",
        "arn:aws:backup:eu-west-1:111122223333:backup-vault:a vault",
    ],
)
def test_what_is_no_vault_is_refused(text: str) -> None:
    with pytest.raises(MalformedError, match="not the ARN of a backup vault"):
        Vault.parse(text)


def test_a_vault_is_its_arn() -> None:
    assert Vault.parse(WATCHED.arn) == WATCHED
    assert str(WATCHED) == WATCHED.arn
    assert str(Site("1", "eu-west-1")) == "1/eu-west-1"


def test_points_that_cannot_be_copied_are_recognised_by_their_arns() -> None:
    assert is_continuous("arn:aws:backup:eu-west-1:111122223333:recovery-point:continuous:db-x")
    assert is_multi_az_cluster("RDS", "arn:aws:rds:eu-west-1:111122223333:cluster:x")
    assert not is_multi_az_cluster("Aurora", "arn:aws:rds:eu-west-1:111122223333:cluster:x")


@pytest.mark.parametrize(("days", "chosen"), [(35, 35), (1, 7), (9999, 365)])
def test_retention_stays_between_floor_and_ceiling(days: int, chosen: int) -> None:
    retention = Retention(days=days, floor_days=7, ceiling_days=365, minimum_remaining_days=1)

    assert retention.chosen_days() == chosen


def test_retention_counts_from_the_creation_of_the_original_backup() -> None:
    assert promised_expiry(created_at=NIGHT, retention_days=35) == NIGHT + timedelta(days=35)
    assert not is_too_late(created_at=NIGHT, retention=RETENTION, now=NIGHT + timedelta(days=34))
    assert is_too_late(created_at=NIGHT, retention=RETENTION, now=NIGHT + timedelta(days=34, seconds=1))


def test_a_routes_shape_is_checked() -> None:
    assert problems_of(a_route()) == ()
    wrong = a_route(legs=(a_leg(reads_from="nowhere"), a_leg(destination=SECOND_DR_VAULT), a_leg(name="x")))

    assert len(problems_of(wrong)) == 3
    assert problems_of(a_route(legs=())) == ("a route needs at least one leg",)


def test_a_route_knows_its_sites_and_limits() -> None:
    assert a_route().sites() == {WATCHED.site, DR_VAULT.site}
    types = ("RDS", "Aurora", "DocumentDB", "Neptune", "of a later day")
    assert [a_route(limits={}).limit(each) for each in types] == [20, 5, 5, 5, 1]
    assert [each.name for each in CLUSTERS] == ["Aurora", "DocumentDB", "Neptune"]
    assert a_route(limits={"RDS": 3}).limit("RDS") == 3


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        (
            "Copy job failed. Both source and destination account must be a member of the same organization.",
            "ORGANIZATION",
        ),
        ("Copy job failed. Cross-account copy feature is not enabled for the current organization.", "ORGANIZATION"),
        ("Access Denied trying to call AWS Backup service", "VAULT_POLICY"),
        (
            (
                "Copy job failed because the destination Backup vault is encrypted with the default Backup service "
                "managed key. The contents of this vault cannot be copied."
            ),
            "VAULT_KEY",
        ),
        ("Snapshots encrypted with the AWS managed key can't be shared. Specify another snapshot.", "AWS_MANAGED_KEY"),
        (
            "The source snapshot KMS key [arn] does not exist, is not enabled or you do not have permissions",
            "SOURCE_KEY",
        ),
        ("KMS key is either disabled or pending deletion or access to KMS key is denied", "KEY_UNUSABLE"),
        (
            "The retention specified in the job is not within the range specified for the target Backup Vault.",
            "RETENTION_RANGE",
        ),
        ("The snapshot requires a target option group with the following options: TDE", "OPTION_GROUP"),
        ("Access denied exception while trying to list tags", "TAGS"),
        ("We are unable to copy resource tags to your backup because of a tag policy", "TAGS"),
        ("There are too many copy jobs running for resource.", "QUOTA"),
        ("Subscriber limit exceeded", "QUOTA"),
        (
            "Copy job from a to b cannot be initiated. Feature is not supported for provided resource type.",
            "UNSUPPORTED",
        ),
        ("Copying continuous backups is not supported.", "UNSUPPORTED"),
        ("IAM Role x cannot be assumed by AWS Backup", "ROLE"),
        ("The role does not have permission to do this", "PERMISSION"),
        ("User x is not authorized to perform y", "PERMISSION"),
        ("missing permission", "PERMISSION"),
        ("Token expired. Try again.", "TRANSIENT"),
        ("Copy job encountered a fatal error. Please contact AWS Support for further assistance.", "TRANSIENT"),
        ("An internal error occurred.", "TRANSIENT"),
        ("Failed to unshare snapshot", "UNSHARE"),
        ("Something that nobody has seen before", "UNKNOWN"),
        ("", "UNKNOWN"),
    ],
)
def test_every_known_text_of_aws_has_its_cause(message: str, cause: str) -> None:
    assert classify(message=message) is Cause(cause)


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("AccessDeniedException", Cause.PERMISSION),
        ("AccessDenied", Cause.PERMISSION),
        ("LimitExceededException", Cause.QUOTA),
        ("ThrottlingException", Cause.TRANSIENT),
        ("ServiceUnavailableException", Cause.TRANSIENT),
        ("ResourceNotFoundException", Cause.SOURCE_GONE),
        # The error for a source that is not ready, or not any more, is nowhere written: tried again, then quoted.
        ("InvalidResourceStateException", Cause.UNKNOWN),
        ("InvalidRequestException", Cause.UNKNOWN),
        ("NobodyKnowsException", Cause.UNKNOWN),
    ],
)
def test_every_known_error_code_has_its_cause(code: str, cause: Cause) -> None:
    assert classify(code=code) is cause


def test_every_row_can_be_reached_and_every_cause_has_a_remedy() -> None:
    reached = []
    for row in ROWS:
        is_code, name = row.fragment.startswith("code:"), row.fragment.removeprefix("code:")
        reached.append(classify(code=name) if is_code else classify(message=name))

    assert reached == [row.cause for row in ROWS]
    assert set(REMEDIES) == set(Cause)


def test_the_back_off_doubles_up_to_its_limit() -> None:
    day = timedelta(days=1)

    for failures, whole in ((1, timedelta(minutes=5)), (2, timedelta(minutes=10)), (3, timedelta(minutes=20))):
        assert whole * 0.75 < patience.back_off(failures, longest=day, of="a chain") <= whole
    assert timedelta(minutes=45) < patience.back_off(60, longest=timedelta(hours=1), of="a chain") <= timedelta(hours=1)


def test_what_failed_together_is_not_tried_again_together() -> None:
    waits = [patience.back_off(1, longest=timedelta(days=1), of=f"chain {n}") for n in range(1000)]

    assert waits == [patience.back_off(1, longest=timedelta(days=1), of=f"chain {n}") for n in range(1000)]
    by_quarter_minute = Counter(int(wait.total_seconds()) // 15 for wait in waits)
    assert set(by_quarter_minute) >= set(range(15, 20))
    assert max(by_quarter_minute.values()) < 300
    again = [patience.back_off(2, longest=timedelta(days=1), of=f"chain {n}") for n in range(1000)]
    assert [wait * 2 for wait in waits] != again, "each failure has a jitter of its own"


def test_the_fence_outlasts_two_function_timeouts_and_is_over_before_redelivery() -> None:
    assert timedelta(seconds=2 * 60) < patience.FENCE < timedelta(seconds=6 * 60)
    assert patience.FENCE_MARGIN < patience.FENCE


def stranded(cause: Cause) -> Trouble:
    return Trouble(cause=cause, message="as AWS said", since=NOW)


def test_the_state_of_a_chain_is_that_of_its_parts() -> None:
    chain = a_chain()

    assert chain.state is ChainState.WAITING
    assert with_hop(chain, state=HopState.STRANDED, trouble=stranded(Cause.TOO_LATE)).state is ChainState.TOO_LATE
    assert with_hop(chain, state=HopState.STRANDED, trouble=stranded(Cause.ROLE)).state is ChainState.STRANDED
    assert replace(chain, abandoned_by="ada").state is ChainState.ABANDONED


@pytest.mark.parametrize(
    ("earlier", "later"), [("WAITING", "COPYING"), ("WAITING", "VERIFYING"), ("COPYING", "VERIFYING")]
)
def test_a_chain_is_as_far_as_the_hop_that_is_furthest_behind(earlier: str, later: str) -> None:
    ahead = with_hop(a_chain(a_fan_out()), state=HopState(later))

    assert with_hop(ahead, "to-far", state=HopState(earlier)).state == earlier
    assert with_hop(ahead, "to-far", state=HopState.VERIFIED).state == later


def test_a_chain_holds_a_slot_exactly_while_it_copies() -> None:
    waiting = a_chain()
    copying = with_hop(waiting, state=HopState.COPYING, attempt=1)

    assert changes(None, waiting).taken == ()
    assert [slot.hop for slot in changes(waiting, copying).taken] == ["to-dr"]
    assert changes(copying, waiting).returned == slots_of(copying)
    assert changes(copying, replace(copying, abandoned_by="ada")).returned == ()
    assert len(changes(None, copying).claims) == 1
    assert changes(copying, copying).claims == ()


@pytest.mark.parametrize(
    ("state", "minutes"), [("WAITING", 15), ("COPYING", 30), ("VERIFYING", 5), ("STRANDED", 24 * 60)]
)
def test_each_state_has_its_own_pace_of_looking(state: str, minutes: int) -> None:
    chain = with_hop(a_chain(), state=HopState(state))

    assert next_check(chain, a_route(), NOW) == NOW + timedelta(minutes=minutes)


def test_rules_may_only_lead_where_the_table_says() -> None:
    for row in HOP_ROWS:
        assert row.after, f"{row.before} {row.fact.__name__} leads nowhere"
    assert len({(row.before, row.fact) for row in HOP_ROWS}) == len(HOP_ROWS)
    assert len({(row.before, row.fact) for row in INTERMEDIATE_ROWS}) == len(INTERMEDIATE_ROWS)


def test_settings_errors_list_every_problem() -> None:
    error = SettingsError(("one", "two"))

    assert error.problems == ("one", "two")
    assert "one; two" in str(error)
