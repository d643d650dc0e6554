"""What each cause of a failure leads to: how many tries, and what the operators are told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from secondhop.domain import observation as seen
from secondhop.domain.advance import advance
from secondhop.domain.chain import Chain
from secondhop.domain.classification import REMEDIES, Again, Cause, classify
from secondhop.domain.command import Announce, Channel
from secondhop.domain.hop import HopState
from tests.builders import ARRIVAL_ARN, NOW, a_chain, a_job, a_route, with_hop
from tests.plain_words import strange_words

NEWS = "Nobody has ever read this sentence before."


def fail(chain: Chain, message: str, *, category: str = "") -> tuple[Chain, list[Announce]]:
    """Let the copy that is under way fail, and what is told of it."""
    copying = with_hop(chain, state=HopState.COPYING, job_id="JOB-1", attempt=chain.hop("to-dr").attempt.failures + 1)
    job = replace(a_job(state="FAILED"), message=message, category=category)
    decision = advance(copying, seen.CopySeen(hop="to-dr", job=job), route=a_route(), now=NOW)
    told = [command for command in decision.commands if isinstance(command, Announce)]
    return decision.chain, [message for message in told if message.channel is Channel.TOPIC]


def test_an_unknown_text_is_tried_a_few_times_in_silence_and_then_quoted_to_the_operators() -> None:
    chain = a_chain()
    for _ in range(5):
        chain, told = fail(chain, NEWS)
        assert (chain.state, told) == ("WAITING", [])

    chain, told = fail(chain, NEWS)

    assert chain.state == "STRANDED"
    assert [NEWS in "\n".join(message.lines) for message in told] == [True]


@pytest.mark.parametrize(
    ("message", "category", "cause"),
    [
        ("An internal error occurred.", "", None),
        ("There are too many copy jobs running for resource.", "", None),
        ("Failed to unshare snapshot", "", None),
        ("Access Denied trying to call AWS Backup service", "", Cause.VAULT_POLICY),
        (NEWS, "AccessDenied", Cause.PERMISSION),
        (NEWS, "InvalidParameters", None),
    ],
)
def test_only_what_can_pass_by_itself_is_tried_again_before_anybody_is_told(
    message: str, category: str, cause: Cause | None
) -> None:
    chain, told = fail(a_chain(), message, category=category)

    assert [trouble.cause for trouble in chain.troubles()] == ([cause] if cause else [])
    assert len(told) == (1 if cause else 0)
    not_before = chain.hop("to-dr").attempt.not_before
    assert not_before is not None
    assert timedelta(minutes=3) < not_before - NOW <= (timedelta(days=1) if cause else timedelta(minutes=5))
    assert cause is None or not_before == NOW + timedelta(days=1)


def test_chains_that_failed_together_are_not_tried_again_together() -> None:
    chains = [replace(a_chain(), key=replace(a_chain().key, recovery_point=f"{ARRIVAL_ARN}{n}")) for n in range(9)]
    failed = [fail(chain, "An internal error occurred.")[0] for chain in chains]

    assert len({chain.hop("to-dr").attempt.not_before for chain in failed}) > 5


# For each cause: whether a day makes a difference by itself, and the words without which the remedy is another one's.
TOLD = [
    (Cause.TRANSIENT, Again.SOON, "temporary fault"),
    (Cause.QUOTA, Again.SOON, "too many are in progress"),
    (Cause.NO_SLOT, Again.SOON, "Abandon chains"),
    (Cause.PAUSED, Again.SOON, "secondhop resume"),
    (Cause.UNKNOWN, Again.DAILY, "AWS's text in the message"),
    (Cause.ORGANIZATION, Again.DAILY, "update-global-settings"),
    (Cause.VAULT_POLICY, Again.DAILY, "backup:CopyIntoBackupVault"),
    (Cause.VAULT_KEY, Again.DAILY, "destination vault that is encrypted with a customer managed"),
    (Cause.SOURCE_KEY, Again.DAILY, "kms:GrantIsForAWSResource"),
    (Cause.KEY_UNUSABLE, Again.DAILY, "cancel-key-deletion"),
    (Cause.AWS_MANAGED_KEY, Again.OPERATOR, "Re-encrypt"),
    (Cause.RETENTION_RANGE, Again.DAILY, "RetentionDays"),
    (Cause.OPTION_GROUP, Again.DAILY, "option group"),
    (Cause.TAGS, Again.DAILY, "rds:ListTagsForResource"),
    (Cause.PERMISSION, Again.DAILY, "the action that the message names"),
    (Cause.ROLE, Again.DAILY, "backup.amazonaws.com"),
    (Cause.NO_VAULT, Again.DAILY, "that the message names again"),
    (Cause.REGION_DISABLED, Again.DAILY, "enable-region --region-name"),
    (Cause.UNSUPPORTED, Again.OPERATOR, "Multi-AZ"),
    (Cause.SOURCE_GONE, Again.OPERATOR, "is not found"),
    (Cause.SOURCE_EXPIRED, Again.DAILY, "EXPIRED or DELETING"),
    (Cause.ROUTE, Again.DAILY, "no longer has this hop"),
    (Cause.UNSHARE, Again.SOON, "deleted during the copy"),
    (Cause.TOO_LATE, Again.OPERATOR, "MinimumRemainingDays"),
    (Cause.VANISHED, Again.OPERATOR, "secondhop retry ARN"),
    (Cause.MISMATCH, Again.OPERATOR, "make another copy if it is still wrong"),
    (Cause.UNENCRYPTED, Again.OPERATOR, "AllowUnencrypted"),
    (Cause.UNLOCKED, Again.DAILY, "DrVaultLock"),
    (Cause.UNDECIDABLE, Again.OPERATOR, "use abandon instead of retry"),
    (Cause.CLAIMED, Again.OPERATOR, "two routes"),
    (Cause.STUCK, Again.DAILY, "Ask AWS Support"),
    (Cause.SITE_DOWN, Again.SOON, "AWS Health Dashboard"),
    (Cause.FIRST_HOP, Again.DAILY, "FirstHopRoleArn"),
    (Cause.DELETE_FAILED, Again.DAILY, "iam:CreateServiceLinkedRole, rds:DeleteDBSnapshot"),
    (Cause.DELETE_FAILED, Again.DAILY, "AWSServiceRoleForBackup exists"),
    (Cause.DELETE_REFUSED, Again.DAILY, "legal hold"),
]


@pytest.mark.parametrize(("cause", "again", "words"), TOLD)
def test_each_cause_has_the_remedy_that_helps_against_it(cause: Cause, again: Again, words: str) -> None:
    assert REMEDIES[cause].again is again
    assert words in REMEDIES[cause].words


def test_no_cause_is_without_an_expected_remedy() -> None:
    assert {cause for cause, _, _ in TOLD} == set(Cause) == set(REMEDIES)


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (Cause.SOURCE_KEY, "alias/aws/rds"),
        (Cause.KEY_UNUSABLE, "alias/aws/backup"),
        (Cause.AWS_MANAGED_KEY, "no policy helps"),
        (Cause.VAULT_KEY, "create another vault"),
        (Cause.TAGS, "tag policy"),
        (Cause.PERMISSION, "service control policy"),
        (Cause.UNSUPPORTED, "RDS Custom"),
        (Cause.REGION_DISABLED, "No policy helps"),
    ],
)
def test_a_remedy_says_where_no_permission_or_key_policy_helps(cause: Cause, words: str) -> None:
    assert words in REMEDIES[cause].words


def test_a_denial_that_names_no_action_is_one_of_permission() -> None:
    assert classify(message="Insufficient privileges to perform this action.") is Cause.PERMISSION


def test_codes_and_categories_are_compared_whole() -> None:
    assert classify(code="ThrottlingExceptionOfAnotherKind") is Cause.UNKNOWN
    assert classify(category="AccessDeniedOfAnotherKind") is Cause.UNKNOWN


@pytest.mark.parametrize("cause", Cause)
def test_every_remedy_is_in_plain_words(cause: Cause) -> None:
    assert strange_words(REMEDIES[cause].words) == ()
