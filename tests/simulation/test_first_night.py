"""`secondhop first-night` against the simulator: its permissions, its limits, and that nothing of it remains."""

from __future__ import annotations

import errno
import io
from datetime import timedelta
from pathlib import Path

import pytest

from backup_simulator import UnknownBehaviour, World
from secondhop_cli.ending import UsageError
from secondhop_cli.first_night.calls import ALSO_NEEDED, BACKUP_ONLY, WORKLOAD_ONLY, calls_of
from secondhop_cli.first_night.limits import Prices
from tests.first_nights import FirstNightPlace, Killed, documented_policies
from tests.simulated_place import ALL, HOME, SERVICE, A, B


def test_the_documented_permissions_suffice_and_everything_is_answered_and_removed(tmp_path: Path) -> None:
    place = FirstNightPlace(tmp_path, as_documented=True)

    code = place.run()

    called = {account: {f"{s}:{o}" for a, role, s, o in place.world.calls if a == account} for account in (A, B)}
    assert (code, place.answers["open"]) == (0, {})
    assert place.existing() == place.before
    assert not place.state_path.exists()
    assert "Everything that the run made is removed." in place.out.getvalue()
    assert {line.kind for line in place.world.trace if line.kind == "denied" and "/person" in line.text} == set()
    assert sorted(called[A]) == calls_of(WORKLOAD_ONLY)
    assert sorted(called[B]) == calls_of(BACKUP_ONLY)
    assert not any(number in place.answers_path.read_text() for number in (A, B))


@pytest.mark.parametrize(("account", "only"), [(A, WORKLOAD_ONLY), (B, BACKUP_ONLY)])
def test_the_documented_permissions_are_those_of_the_calls(account: str, only: dict[str, tuple[str, ...]]) -> None:
    statements = documented_policies()[account]["Statement"]
    actions = [action for each in statements for action in each["Action"]]

    # GetCallerIdentity needs no permission.
    assert sorted(actions) == sorted({*calls_of(only), *ALSO_NEEDED} - {"sts:GetCallerIdentity"})


def test_a_dry_run_shows_plan_limits_and_calls_and_only_reads(tmp_path: Path) -> None:
    place = FirstNightPlace(tmp_path)

    code = place.run(is_dry=True, prices=Prices(month=0.1, transferred=0.02))

    text = place.out.getvalue()
    assert code == 0
    assert {operation for *_, operation in place.world.calls} == {
        "GetCallerIdentity",
        "DescribeKey",
        "DescribeDBInstances",
        "ListBackupVaults",
    }
    assert "17 points x 20 GiB x 12 hours / 730 = 5.6 GiB-months x 0.1 = 0.56 at your price" in text
    assert "16 copies x 20 GiB = 320 GiB x 0.02 = 6.40 at your price" in text
    assert "  backup:StartCopyJob" in text.splitlines()
    assert not place.state_path.exists()


@pytest.mark.parametrize(("answer", "starts"), [("no", False), ("", False), ("yes", True)])
def test_a_run_starts_only_if_the_person_says_yes(tmp_path: Path, answer: str, *, starts: bool) -> None:
    place = FirstNightPlace(tmp_path)
    place.kill_after("CreateRole")

    if starts:
        with pytest.raises(Killed):
            place.run(is_agreed=False, ask=lambda _: answer)
        return
    assert place.run(is_agreed=False, ask=lambda _: answer) == 0
    assert place.existing() == place.before


def test_without_a_person_and_without_yes_it_does_not_start(tmp_path: Path) -> None:
    place = FirstNightPlace(tmp_path)

    with pytest.raises(UsageError, match="Add --yes"):
        place.run(is_agreed=False)
    assert place.existing() == place.before


@pytest.mark.parametrize(
    ("operation", "number"),
    [
        ("CreateRole", 1),
        ("CreateBackupVault", 2),
        ("CreateQueue", 1),
        ("PutRule", 3),
        ("StartBackupJob", 1),
        ("StartCopyJob", 1),
        ("StartCopyJob", 4),
    ],
)
def test_a_run_that_is_killed_after_a_call_is_cleaned_up_later(tmp_path: Path, operation: str, number: int) -> None:
    place = FirstNightPlace(tmp_path)
    place.kill_after(operation, number)
    with pytest.raises(Killed):
        place.run()
    left = place.existing() - place.before

    code = place.clean_up()

    assert left
    assert (code, place.existing() - place.before) == (0, set())
    assert not place.state_path.exists()


@pytest.mark.parametrize("wait", [1, 60])
def test_ctrl_c_removes_everything_and_writes_the_answers(tmp_path: Path, wait: int) -> None:
    place = FirstNightPlace(tmp_path)
    waits = iter(range(1, 10**6))

    def press() -> None:
        if next(waits) == wait:
            raise KeyboardInterrupt

    place.meanwhile = press

    assert place.run() == 130
    assert place.existing() == place.before
    assert not place.state_path.exists()
    assert place.answers["open"]["arrival_event"] == "the run was interrupted"


def test_ctrl_c_twice_leaves_a_state_file_and_names_the_command(tmp_path: Path) -> None:
    place = FirstNightPlace(tmp_path)

    def press() -> None:
        raise KeyboardInterrupt

    place.meanwhile = press
    code = place.run()
    place.meanwhile = lambda: None

    assert code == 130
    assert f"secondhop first-night --clean-up --state-file {place.state_path}" in place.errors.getvalue()
    assert (place.clean_up(), place.existing()) == (0, place.before)


def test_a_point_of_another_database_in_the_vault_is_reported_and_not_touched(tmp_path: Path) -> None:
    place = FirstNightPlace(tmp_path)
    place.kill_after("StartBackupJob")
    with pytest.raises(Killed):
        place.run()
    home = place.world.site(A, HOME)
    other = home.create_database("RDS", "other", key_arn=None)
    role = place.world.account(A).create_role("other", trust=SERVICE, policies=[ALL])
    place.world.session(A, region=HOME).client("backup").start_backup_job(
        BackupVaultName="second-hop-first-night-0a1b2c3d", ResourceArn=other, IamRoleArn=role
    )
    place.world.run_for(timedelta(hours=2))

    code = place.clean_up()

    assert code == 1
    (left,) = place.world.recovery_points()
    assert left.database_arn == other
    assert "is not of this run, and was not touched" in place.errors.getvalue()


def test_a_first_copy_that_fails_ends_the_run_with_awss_words_and_everything_is_removed(tmp_path: Path) -> None:
    place = FirstNightPlace(tmp_path)
    place.world.faults.fail_copy_job(message="Access Denied trying to call AWS Backup service")

    code = place.run()

    assert code == 1
    assert "the first copy is FAILED: Access Denied trying to call AWS Backup service" in place.errors.getvalue()
    assert place.existing() == place.before


def test_a_new_role_that_iam_does_not_know_everywhere_is_awaited(tmp_path: Path) -> None:
    place = FirstNightPlace(tmp_path)
    for _ in range(3):
        place.world.faults.refuse(
            "StartBackupJob",
            code="InvalidParameterValueException",
            message="IAM Role x cannot be assumed by AWS Backup",
        )
    place.kill_after("StartCopyJob")

    with pytest.raises(Killed):
        place.run()
    assert "the backup is COMPLETED" in place.errors.getvalue()


def test_a_clean_up_with_the_profiles_of_other_accounts_deletes_nothing(tmp_path: Path) -> None:
    place = FirstNightPlace(tmp_path)
    place.kill_after("CreateBackupVault")
    with pytest.raises(Killed):
        place.run()
    left = place.existing()
    other = World().session("777788889999", region=HOME)

    code = place.clean_up(sessions={"workload": other, "backup": place.session.sessions["backup"]})

    assert (code, place.existing()) == (1, left)
    assert f"the run used the accounts {A} and {B}" in place.errors.getvalue()


def test_a_job_that_does_not_end_ends_the_run_at_its_limit_and_is_removed_later(tmp_path: Path) -> None:
    unknown = UnknownBehaviour(system_error_share=1.0, system_error_is_long=True)
    place = FirstNightPlace(tmp_path, unknown=unknown)

    code = place.run(poll_seconds=300)

    assert code == 1
    assert "the run has taken 12 hours, which is its limit" in place.errors.getvalue()
    assert "a job still runs, and AWS cannot cancel it" in place.errors.getvalue()
    place.world.run_for(timedelta(days=4))
    assert (place.clean_up(poll_seconds=300), place.existing()) == (0, place.before)


class FullDisk(io.StringIO):
    """An output that becomes full after the plan."""

    def write(self, text: str) -> int:
        if "at most 33.5 GiB" in self.getvalue():
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(text)


def test_an_output_that_is_full_does_not_stop_the_removal(tmp_path: Path) -> None:
    place = FirstNightPlace(tmp_path)
    place.world.faults.fail_copy_job(message="An internal error occurred.")

    with pytest.raises(OSError, match="No space left"):
        place.run(streams=(FullDisk(), place.errors))

    assert place.existing() == place.before
    assert not place.state_path.exists()
