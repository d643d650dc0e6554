"""The report reads well in any width, and says in one sentence how it stands."""

from __future__ import annotations

import pytest

from secondhop.domain.arn import Site
from secondhop_cli.doctor.examination import CheckResult, Diagnosis
from secondhop_cli.doctor.findings import Finding, NotChecked
from secondhop_cli.doctor.report import as_text

SITE = Site("111122223333", "eu-west-1")
KEY = "arn:aws:kms:eu-west-1:111122223333:key/11111111-1111-4111-8111-111111111111"


def a_finding(kind: str = "key-not-enabled") -> Finding:
    return Finding(
        kind=kind,
        site=SITE,
        resource=KEY,
        what="The key of the databases customers, graph and orders is Disabled.",
        fix="Enable it.",
        statements=({"Effect": "Allow", "Action": "kms:Decrypt"},),
        command=f"aws kms enable-key --region eu-west-1 --key-id {KEY}",
    )


def a_diagnosis(*findings: Finding, unseen: tuple[NotChecked, ...] = ()) -> Diagnosis:
    results = (
        CheckResult(title="accounts are in one organization, whatever else may be said of them"),
        CheckResult(title="the databases' keys allow copies", findings=findings),
        CheckResult(title="the sweep runs", not_checked=unseen),
    )
    return Diagnosis(main_stack=None, results=results)


@pytest.mark.parametrize("width", [1, 40, 57, 80, 200])
def test_no_line_is_wider_than_the_terminal_but_for_what_is_to_be_copied(width: int) -> None:
    unseen = (
        NotChecked(what="kms:GetKeyPolicy in account 111122223333, eu-west-1", reason="AccessDenied: " + "no " * 40),
    )

    lines = as_text(a_diagnosis(a_finding(), unseen=unseen), width=width).splitlines()

    too_wide = [line for line in lines if len(line) > max(width, 40)]
    assert all(KEY in line for line in too_wide)
    assert f"  aws kms enable-key --region eu-west-1 --key-id {KEY}" in lines


def test_what_is_fine_and_what_is_not_stand_one_under_the_other() -> None:
    unseen = (NotChecked(what="account 444455556666, eu-west-1", reason="there are no credentials"),)

    text = as_text(a_diagnosis(a_finding(), a_finding("sweep-not-completed"), unseen=unseen), width=80)

    assert "\nfine        accounts are in one organization" in text
    assert "\nFAILS       the databases' keys allow copies\n" in text
    assert "\nnot checked the sweep runs\n" in text
    assert "NOT CHECKED, so possibly not fine:\n- there are no credentials\n    account 4444" in text


@pytest.mark.parametrize(
    ("findings", "sentence"),
    [
        ((), "2 of 3 checks are fine; 1 check could not be completed."),
        (("messages-in-queue",), "1 of 3 checks are fine; 1 finding warns; 1 check could not be completed."),
        (
            ("key-missing", "rule-disabled", "messages-in-queue"),
            (
                "1 of 3 checks are fine; 2 findings would make copies fail; 1 finding warns; "
                "1 check could not be completed."
            ),
        ),
    ],
)
def test_the_last_sentence_counts_what_there_is_and_nothing_else(findings: tuple[str, ...], sentence: str) -> None:
    unseen = (NotChecked(what="x", reason="y"),)

    text = as_text(a_diagnosis(*map(a_finding, findings), unseen=unseen), width=200)

    assert text.splitlines()[-1] == sentence
