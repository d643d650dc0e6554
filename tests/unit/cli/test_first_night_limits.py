"""What a first night may use, and what it says of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from secondhop.domain.arn import Site
from secondhop_cli.first_night.answers import Answers
from secondhop_cli.first_night.limits import MOST_COPY_JOBS, CopyJobs, LimitReachedError, Prices, quantities
from secondhop_cli.first_night.settings import Settings
from secondhop_cli.first_night.state_file import Kind, StateFile, UnreadableStateError

SETTINGS = Settings(
    run="0a1b2c3d",
    partition="aws",
    workload="111122223333",
    backup="444455556666",
    region="eu-west-1",
    dr_region="eu-central-1",
    database_arn="arn:aws:rds:eu-west-1:111122223333:db:small",
    size_gib=20,
    near_key_arn="arn:aws:kms:eu-west-1:444455556666:key/1",
    dr_key_arn="arn:aws:kms:eu-central-1:444455556666:key/2",
)


def test_one_copy_job_more_than_the_limit_is_refused_before_the_call() -> None:
    jobs = CopyJobs({str(number) for number in range(MOST_COPY_JOBS - 1)})
    jobs.check()
    jobs.ids.add("the last one")

    with pytest.raises(LimitReachedError, match="16 copy jobs, which is its limit"):
        jobs.check()


def test_without_prices_the_user_is_asked_to_multiply() -> None:
    text = "\n".join(quantities(20, Prices()))

    assert "at your price" not in text
    assert "--price-per-gib-month" in text
    assert "expire after 3 days: at most 33.5 GiB-months." in text


def test_the_names_of_vaults_and_roles_fit_aws_limits() -> None:
    assert len(f"{SETTINGS.vault}-none") <= 50
    assert len(SETTINGS.role_name("caller-plain")) <= 64


def test_the_state_file_lists_each_thing_until_the_last_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    state = StateFile(path, SETTINGS, {"workload": "w", "backup": None}, [])
    role = state.add(Kind.ROLE, SETTINGS.near, "role")
    state.add(Kind.ROLE, SETTINGS.near, "role")
    lock = state.add(Kind.LOCK, Site("444455556666", "eu-central-1"), "vault")
    read = StateFile.load(path)

    assert (read.things, read.settings, read.profiles) == ([lock, role], SETTINGS, {"workload": "w", "backup": None})
    read.remove(role)
    read.remove(lock)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["no JSON", "{}", '{"version": 2}', '{"version": 1, "settings": {"run": "x"}}'])
def test_another_file_is_not_taken_for_a_state_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(text)

    with pytest.raises(UnreadableStateError, match=r"state\.json (is no state file|has version 2)"):
        StateFile.load(path)


def test_answers_hold_no_account_number() -> None:
    answers = Answers()
    answers.observe("role_of_a_copy", "arn:aws:iam::111122223333:role/x in 777788889999")
    now = datetime(2026, 11, 27, tzinfo=UTC)
    found = json.loads(answers.as_json(began_at=now, ended_at=now, accounts={"111122223333": "workload-account"}))

    assert found["observations"] == {"role_of_a_copy": "arn:aws:iam::workload-account:role/x in another-account"}
    assert found["began_at"] == "2026-11-27T00:00:00+00:00"


def test_a_settled_question_is_not_opened_again_and_the_rest_has_a_reason() -> None:
    answers = Answers()
    answers.settle("single_action", setting=True)
    answers.leave_open("single_action", "later")
    answers.bound("token_lifetime", more_than=10)
    answers.bound("token_lifetime", more_than=5, at_most=90)
    answers.complete("the run was interrupted")

    assert answers.settings == {"single_action": True}
    assert answers.bounds == {"token_lifetime": {"more_than_seconds": 10, "at_most_seconds": 90}}
    assert answers.open["arrival_event"] == "the run was interrupted"
    assert not {"single_action", "token_lifetime"} & answers.open.keys()
    assert "token_lifetime: more than 10 seconds and at most 90 seconds" in answers.as_lines()
