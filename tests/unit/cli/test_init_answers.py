"""The questions of init: each answer is checked when it is given, and nothing that a person types is lost."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from secondhop_cli.init.questions import QUESTIONS
from secondhop_cli.main import parser
from tests.installing import BACKUP, GOOD, HUB, NEIGHBOUR, WORKLOAD, Checkout

BY_TEXT = {f"{each.text[0].upper()}{each.text[1:]}": each.name for each in QUESTIONS}


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


class Person:
    """Answers each question from a script; an exception in it is what the person does."""

    def __init__(self, answers: dict[str, list[str | type[BaseException]]]) -> None:
        self.answers = {name: [value] for name, value in GOOD.items()} | answers
        self.asked: list[str] = []

    def __call__(self, prompt: str) -> str:
        (name,) = [name for text, name in BY_TEXT.items() if prompt.startswith((f"{text} [", f"{text}: "))]
        self.asked.append(name)
        answer = self.answers[name].pop(0) if self.answers.get(name) else ""
        if isinstance(answer, str):
            return answer
        raise answer


@pytest.mark.parametrize(
    ("name", "wrong", "reason"),
    [
        ("topology", "spokes", "it should be workload or hub"),
        ("backup_account", "44445555666", "an account id of 12 digits"),
        ("backup_account", "", "an answer is needed"),
        ("workload_accounts", BACKUP, "copies must be in another account"),
        ("workload_accounts", f"{WORKLOAD},{NEIGHBOUR}", "one main stack"),
        ("region", "Frankfurt", "the code of a Region"),
        ("region", "eu-wst-1", "perhaps you mean eu-west-1"),
        ("dr_region", "eu-west-1", "the same as --region"),
        ("dr_region", "eu-centrall-1", "perhaps you mean eu-central-1"),
        ("dr_region", "cn-north-1", "in the partition aws-cn"),
        ("organization", "acme", "the id of an organization"),
        ("administrator", f"arn:aws:iam::{WORKLOAD}:role/administrator", "it should be of the form"),
        ("administrator", "*", "it should be of the form"),
        ("vault_lock", "none", "governance, compliance or off"),
        ("lock_minimum_days", "a week", "a number of days"),
        ("lock_maximum_days", "6", "--lock-minimum-days is 7, more than"),
        ("retention_days", "366", "outside the lock's range from 7 to 365"),
        ("watched_vault", "Default", "cannot receive copies"),
        ("dr_vault", "a vault", "the name (not the ARN)"),
        ("installations_sharing", "6", "at most 5 main stacks"),
        ("stack_name", "2nd hop", "a stack's name"),
        ("external_id", "short", "8 to 128 characters"),
        ("email", "nobody", "an e-mail address"),
    ],
)
def test_a_wrong_answer_is_asked_again_at_once_with_the_reason(
    checkout: Checkout, name: str, wrong: str, reason: str
) -> None:
    person = Person({name: [wrong, GOOD.get(name, "")]})
    done = checkout.init(ask=person)

    assert done.code == 0
    again = person.asked.index(name)
    assert person.asked[again : again + 2] == [name, name]
    assert len(person.asked) == len(QUESTIONS) + 1
    (complaint,) = done.complaints
    assert reason in complaint


def test_every_question_is_tried_with_a_wrong_answer() -> None:
    (mark,) = test_a_wrong_answer_is_asked_again_at_once_with_the_reason.pytestmark  # type: ignore[attr-defined]  # pytest puts it there

    assert {row[0] for row in mark.args[1]} == {each.name for each in QUESTIONS}


def test_a_new_region_is_confirmed_by_giving_it_again(checkout: Checkout) -> None:
    done = checkout.init(ask=Person({"dr_region": ["eu-central-9", "eu-central-9"]}))

    assert done.code == 0
    assert done.complaints[0].endswith("give it again to confirm it")
    assert checkout.parameters("backup-account")["DrRegion"] == "eu-central-9"
    assert "--accept-unknown-region" not in done.said


def test_two_different_unknown_regions_confirm_nothing(checkout: Checkout) -> None:
    person = Person({"dr_region": ["eu-central-8", "eu-central-9", "eu-central-1"]})

    assert checkout.init(ask=person).code == 0
    assert checkout.parameters("backup-account")["DrRegion"] == "eu-central-1"


def test_the_doctor_is_told_that_the_region_is_new(checkout: Checkout) -> None:
    done = checkout.init({**GOOD, "region": "eu-west-9"}, accepted=("eu-west-9",))

    assert "doctor --stack second-hop --region eu-west-9 --accept-unknown-region" in done.said


def test_a_wrong_option_is_refused_before_anything_is_asked(checkout: Checkout) -> None:
    person = Person({})
    refused = checkout.init({"retention_days": "a month"}, ask=person)

    assert (refused.code, person.asked) == (2, [])


@pytest.mark.parametrize(("leaves", "code"), [(EOFError, 2), (KeyboardInterrupt, 130)])
@pytest.mark.parametrize("left", [each.name for each in QUESTIONS][1:-1])
def test_the_answers_of_a_person_who_goes_away_are_printed_as_a_command_that_takes_them(
    tmp_path: Path, leaves: type[BaseException], code: int, left: str
) -> None:
    checkout = Checkout(tmp_path / "my checkout")
    names = [each.name for each in QUESTIONS]
    gone = checkout.init({"email": "ada@example.com"}, ask=Person({left: [leaves]}))

    assert (gone.code, checkout.texts()) == (code, {})
    chosen = vars(parser().parse_args(shlex.split(gone.complaints[-1])[1:]))
    assert chosen["directory"] == checkout.folder
    given = {name: value for name, value in chosen.items() if name in names and value is not None}
    assert given.keys() == {*names[: names.index(left)], "email"}
    person = Person({})
    assert checkout.init(given, ask=person).code == 0
    assert person.asked == names[names.index(left) : -1]


CHANGES: list[tuple[dict[str, str], dict[str, str], str]] = [
    (GOOD, {"dr_vault": "dr2"}, "--dr-vault changes from dr-vault to dr2: a new vault is created"),
    (GOOD, {"watched_vault": "w2"}, "--watched-vault changes from watched-vault to w2: a new vault is created"),
    (GOOD, {"dr_region": "eu-north-1"}, "--dr-region changes from eu-central-1 to eu-north-1: this makes a new"),
    (GOOD, {"region": "eu-west-2"}, "--region changes from eu-west-1 to eu-west-2: this makes a new"),
    (GOOD, {"vault_lock": "off"}, "--vault-lock changes from governance to off: the lock is what keeps"),
    (GOOD, {"stack_name": "hop"}, "--stack-name changes from second-hop to hop: new stacks are created"),
    (GOOD, {"workload_accounts": NEIGHBOUR}, f"--workload-accounts no longer has {WORKLOAD}"),
    (HUB, {"workload_accounts": WORKLOAD}, f"--workload-accounts no longer has {NEIGHBOUR}"),
    (GOOD, {"topology": "hub"}, "--topology changes from workload to hub: the main stack is deployed in another"),
    (
        GOOD,
        {"administrator": f"arn:aws:iam::{BACKUP}:role/other"},
        f"--administrator changes from {GOOD['administrator']} to arn:aws:iam::{BACKUP}:role/other: the old role",
    ),
]


@pytest.mark.parametrize(("before", "change", "warning"), CHANGES)
def test_a_change_that_leaves_something_behind_is_a_warning_with_the_way_back(
    checkout: Checkout, before: dict[str, str], change: dict[str, str], warning: str
) -> None:
    assert checkout.init(before).complaints == []
    texts = checkout.texts()
    done = checkout.init(change)

    assert done.code == 0
    (said,) = done.complaints
    assert said.startswith(f"secondhop init: warning: {warning}")
    (name,) = change
    back = {"workload_accounts": before["workload_accounts"]}.get(name)
    assert f"To take it back: secondhop init --{name.replace('_', '-')} {back or ''}" in said
    # What the warning says is true: the option gives the old answer back.
    option = shlex.split(said.removesuffix(".").rpartition("secondhop ")[2])
    chosen = vars(parser().parse_args(option))
    assert checkout.init({name: chosen[name]}).code == 0
    assert checkout.texts() == texts


@pytest.mark.parametrize(
    "change", [{"retention_days": "60"}, {"email": "ada@example.com"}, {"vault_lock": "compliance"}]
)
def test_a_change_that_leaves_nothing_behind_is_no_warning(checkout: Checkout, change: dict[str, str]) -> None:
    checkout.init(GOOD)

    assert checkout.init(change).complaints == []


def test_a_new_account_of_a_hub_is_no_warning(checkout: Checkout) -> None:
    checkout.init({**HUB, "workload_accounts": WORKLOAD})

    assert checkout.init({"workload_accounts": f"{WORKLOAD},{NEIGHBOUR}"}).complaints == []


def test_arns_of_a_partition_that_is_not_known_are_accepted(checkout: Checkout) -> None:
    regions = {"region": "mars-north-1", "dr_region": "mars-south-1"}
    role = f"arn:aws-mars:iam::{BACKUP}:role/administrator"

    assert checkout.init({**GOOD, **regions, "administrator": role}, accepted=tuple(regions.values())).code == 0
    refused = checkout.init({**GOOD, **regions, "administrator": role.replace("aws-mars", "mars")})
    assert refused.code == 2
    assert "--administrator is" in refused.complaints[0]
