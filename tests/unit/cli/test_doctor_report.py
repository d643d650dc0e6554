"""The report reads well in any width, and says in one sentence how it stands."""

from __future__ import annotations

import pytest

from secondhop.domain.arn import Site
from secondhop_cli.doctor.examination import Answered, Diagnosis
from secondhop_cli.doctor.findings import Finding, NotChecked
from secondhop_cli.doctor.report import written

SITE = Site("111122223333", "eu-west-1")
KEY = "arn:aws:kms:eu-west-1:111122223333:key/11111111-1111-4111-8111-111111111111"


def a_finding(kind: str = "key-not-enabled") -> Finding:
    return Finding(
        kind=kind,
        site=SITE,
        resource=KEY,
        what="The key of the databases customers, graph and orders is Disabled.",
        mend="Enable it.",
        statements=({"Effect": "Allow", "Action": "kms:Decrypt"},),
        command=f"aws kms enable-key --region eu-west-1 --key-id {KEY}",
    )


def a_diagnosis(*findings: Finding, unseen: tuple[NotChecked, ...] = ()) -> Diagnosis:
    answers = (
        Answered(question="accounts are in one organization, whatever else may be said of them"),
        Answered(question="databases' keys admit the copier", findings=findings),
        Answered(question="the sweep is alive", not_checked=unseen),
    )
    return Diagnosis(installation=None, answers=answers)


@pytest.mark.parametrize("width", [1, 40, 57, 80, 200])
def test_no_line_is_wider_than_the_terminal_but_for_what_is_to_be_copied(width: int) -> None:
    unseen = (
        NotChecked(what="kms:GetKeyPolicy in account 111122223333, eu-west-1", reason="AccessDenied: " + "no " * 40),
    )

    lines = written(a_diagnosis(a_finding(), unseen=unseen), width=width).splitlines()

    too_wide = [line for line in lines if len(line) > max(width, 40)]
    assert all(KEY in line for line in too_wide)
    assert f"  aws kms enable-key --region eu-west-1 --key-id {KEY}" in lines


def test_what_is_fine_and_what_is_not_stand_one_under_the_other() -> None:
    unseen = (NotChecked(what="account 444455556666, eu-west-1", reason="there are no credentials"),)

    text = written(a_diagnosis(a_finding(), a_finding("sweep-silent"), unseen=unseen), width=80)

    assert "\nfine      accounts are in one organization" in text
    assert "\nFAILS     databases' keys admit the copier\n" in text
    assert "\nnot seen  the sweep is alive\n" in text
    assert "NOT CHECKED, and therefore not known to be fine:\n- there are no credentials\n    account 4444" in text


@pytest.mark.parametrize(
    ("findings", "sentence"),
    [
        ((), "2 of 3 checks are fine; 1 check could not be made in full."),
        (("messages-wait",), "1 of 3 checks are fine; 1 finding warns; 1 check could not be made in full."),
        (
            ("key-missing", "rule-off", "messages-wait"),
            (
                "1 of 3 checks are fine; 2 findings would make copies fail; 1 finding warns; "
                "1 check could not be made in full."
            ),
        ),
    ],
)
def test_the_last_sentence_counts_what_there_is_and_nothing_else(findings: tuple[str, ...], sentence: str) -> None:
    unseen = (NotChecked(what="x", reason="y"),)

    text = written(a_diagnosis(*map(a_finding, findings), unseen=unseen), width=200)

    assert text.splitlines()[-1] == sentence
