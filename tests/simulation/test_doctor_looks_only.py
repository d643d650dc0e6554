"""The doctor only looks; it needs no more than it says; and what it cannot see is never fine."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from rehearsal.stage import BACKUP, DR, HOME, WORKLOAD, Stage, Topology
from secondhop.domain.arn import Site
from secondhop_cli.doctor.api_calls import ApiCalls, WriteRefusedError
from tests.simulation.test_doctor import TROUBLES, a_stage, say
from tests.staged_journey import Clinic

TRUST = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
PAGE = Path(__file__).parents[2] / "docs" / "doctor.md"


def the_policy() -> dict[str, Any]:
    found = re.search(r"```json\n(\{\n  \"Version\".*?)```", PAGE.read_text(), re.DOTALL)
    assert found is not None, "docs/doctor.md has no policy"
    policy: dict[str, Any] = json.loads(found[1])
    return policy


def actions_of(policy: dict[str, Any]) -> list[str]:
    return [action for statement in policy["Statement"] for action in statement["Action"]]


def by_a_reader(stage: Stage, policy: dict[str, Any], *, path: str = "/") -> Clinic:
    """The doctor with a role of its own in each account, which has this policy and no other."""
    accounts = dict.fromkeys((*stage.workload_accounts, BACKUP))
    roles = {
        each: stage.world.account(each).create_role("reader", path=path, trust=TRUST, policies=[policy])
        for each in accounts
    }
    return Clinic(stage, roles=roles)


def worth_all_questions(topology: Topology) -> Stage:
    """A right installation about which every question is asked: the DR vault is under aws/rds, there is a backup."""
    stage = a_stage(topology=topology)
    stage.world.keys[stage.world.vault_by_arn(stage.dr["DrVaultArn"]).key_arn].managed_by = "aws/rds"
    backup = stage.world.session(WORKLOAD, region=HOME).client("backup")
    backup.start_backup_job(
        BackupVaultName="workload-vault",
        ResourceArn=next(iter(stage.world.databases)),
        IamRoleArn=stage.workload["BackupRoleArn"],
    )
    stage.world.run_for(stage.world.delivery.batch * 12)
    return stage


@pytest.mark.parametrize("topology", Topology)
def test_the_policy_of_the_documentation_suffices(topology: Topology) -> None:
    clinic = by_a_reader(worth_all_questions(topology), the_policy())

    report = clinic.examine()

    assert [check["not_checked"] for check in report["checks"] if not check["fine"]] == []
    assert clinic.code == 0


def test_every_action_of_that_policy_is_needed() -> None:
    full = the_policy()["Statement"][0]
    stage = worth_all_questions(Topology.WORKLOAD)
    clinic = by_a_reader(stage, the_policy())
    readers = [role for arn, role in stage.world.roles.items() if arn.endswith("/reader")]

    unmissed = []
    for action in sorted(full["Action"]):
        less = {"Statement": [{**full, "Action": [each for each in full["Action"] if each != action]}]}
        for role in readers:
            role.policies = (less,)
        report = clinic.examine()
        reasons = [each["reason"] for check in report["checks"] for each in check["not_checked"]]
        unmissed += [] if clinic.code == 3 and any(action in reason for reason in reasons) else [action]

    assert unmissed == []


def test_the_policy_holds_nothing_but_reading() -> None:
    assert [each for each in actions_of(the_policy()) if not re.search(r":(Describe|Get|List|Simulate)", each)] == []


def test_nothing_is_ever_written() -> None:
    """Not on the right installation, and not on one with every trouble at once."""
    stage = a_stage()
    clinic = Clinic(stage)
    before = stage.world.calls.copy()
    clinic.examine()
    for trouble in TROUBLES.values():
        if trouble.kind not in ("role-missing", "vault-missing", "no-plan-copies"):
            trouble.breaks(stage)
    made_by_the_troubles = stage.world.calls.copy()
    clinic.examine()
    clinic.as_text()

    called = set((made_by_the_troubles - before) + (stage.world.calls - made_by_the_troubles))
    operations = {operation for *_, operation in called} - {"UpdateRegionSettings"}
    assert len(operations) > 20
    assert [each for each in operations if not re.match("Describe|Get|List|Simulate", each)] == []


def test_a_call_that_writes_is_stopped_before_it_leaves() -> None:
    stage = a_stage()
    session: Any = stage.world.session(BACKUP)
    api = ApiCalls({BACKUP: session})
    before = stage.world.calls.copy()

    with pytest.raises(WriteRefusedError, match="delete_backup_vault is not a read-only call"):
        api.call(Site(BACKUP, HOME), "backup", "delete_backup_vault", BackupVaultName="watched-vault")

    assert stage.world.calls == before


def test_without_the_backup_account_what_is_in_it_is_not_checked_and_never_fine() -> None:
    clinic = Clinic(a_stage(), without=(BACKUP,))

    report = clinic.examine()

    assert clinic.code == 3
    assert {check["check"] for check in report["checks"] if check["fine"]} == {
        "AWS Backup supports these copies",
        "Second Hop starts copies",
        "the databases can be copied",
        "the databases' keys allow copies",
        "event rules deliver",
        "failed first hops can be retried",
        "intermediates expire before final copies",
        "backup plans copy into the watched vault",
        "backups start outside the databases' windows",
        "plans select the databases",
        "roles of first hops have their permissions",
        "the sweep runs",
        "the work queue is read",
    }
    reasons = {each["reason"] for check in report["checks"] for each in check["not_checked"]}
    assert reasons == {f"there are no credentials for account {BACKUP}; name a profile for it with --profile"}


class Expired:
    """A session whose credentials have expired."""

    profile_name = "work"

    def __init__(self, session: Any) -> None:
        self._session = session

    def client(self, service: str, region_name: str, config: Any) -> Any:
        return self._session.client(service, region_name=region_name, config=config, aws_access_key_id="gone")


def test_with_expired_credentials_of_the_main_account_everything_is_not_checked() -> None:
    """Not: "there is no such stack" in the account that can be seen."""
    stage = a_stage()
    clinic = Clinic(stage)
    clinic.sessions = [Expired(stage.world.session(WORKLOAD)), stage.world.session(BACKUP)]

    report = clinic.examine()

    assert clinic.code == 3
    assert [check for check in report["checks"] if check["fine"]] == []
    assert "profile work" in report["checks"][0]["not_checked"][0]["reason"]


def test_a_finding_outweighs_what_could_not_be_seen() -> None:
    stage = a_stage()
    stage.world.keys[stage.workload["KeyArn"]].enabled = False
    clinic = Clinic(stage, without=(BACKUP,))

    clinic.examine()

    assert clinic.code == 1


class Unplugged:
    """A session that reaches one Region only."""

    def __init__(self, session: Any, region: str) -> None:
        self._session = session
        self._region = region

    def client(self, service: str, region_name: str, config: Any) -> Any:
        client = self._session.client(service, region_name=region_name, config=config)
        if region_name != self._region:

            def fail(**_: Any) -> None:
                raise EndpointConnectionError(endpoint_url=f"https://{service}.{region_name}.amazonaws.com/")

            client.meta.events.register_first("before-call", fail)
        return client


def test_a_region_that_cannot_be_reached_is_not_checked() -> None:
    stage = a_stage()
    clinic = Clinic(stage)
    clinic.sessions = [Unplugged(stage.world.session(each), HOME) for each in (WORKLOAD, BACKUP)]

    report = clinic.examine()

    assert clinic.code == 3
    unseen = [each for check in report["checks"] for each in check["not_checked"]]
    assert {each["what"].rpartition(" ")[2] for each in unseen} == {DR}
    assert any("Could not connect to the endpoint" in each["reason"] for each in unseen)
    assert all("connect" in each["reason"] or "did not answer" in each["reason"] for each in unseen)


def test_without_any_account_everything_is_not_checked() -> None:
    clinic = Clinic(a_stage(), without=(WORKLOAD, BACKUP))

    report = clinic.examine()

    assert (clinic.code, report["stack"]) == (3, None)
    assert [check for check in report["checks"] if check["fine"] or not check["not_checked"]] == []


def test_another_stack_is_misuse_and_says_what_to_name() -> None:
    stage = a_stage()
    del stage.world.stacks[WORKLOAD, HOME, "second-hop"]
    clinic = Clinic(stage)

    text = clinic.as_text()

    assert clinic.code == 2
    assert "there is no stack second-hop in eu-west-1" in text
    assert "--stack" in text
    say_nothing = text.count("\n")
    assert say_nothing == 1


def test_a_companion_in_place_of_the_main_stack_is_misuse() -> None:
    stage = a_stage()
    stacks = stage.world.stacks
    stacks[WORKLOAD, HOME, "second-hop"] = stacks[WORKLOAD, HOME, "second-hop-workload"]
    clinic = Clinic(stage)

    assert "is not a main stack of Second Hop" in clinic.as_text()
    assert clinic.code == 2


def test_a_trusted_caller_really_assumes_the_operator_role() -> None:
    stage = a_stage()
    assume = {"Effect": "Allow", "Action": ["sts:AssumeRole"], "Resource": "*"}
    policy = the_policy()
    policy["Statement"].append(assume)
    clinic = by_a_reader(stage, policy, path="/secondhop/")

    clinic.examine()
    assert clinic.code == 0
    assert stage.world.calls[WORKLOAD, f"arn:aws:iam::{WORKLOAD}:role/secondhop/reader", "sts", "AssumeRole"] == 1

    stage.world.faults.refuse("AssumeRole", service="sts", code="AccessDenied", status=403)
    assert clinic.kinds() == {"role-not-assumable"}


def test_a_condition_that_cannot_be_judged_is_not_checked() -> None:
    stage = a_stage()
    key = stage.world.keys[stage.workload["KeyArn"]]
    assert key.policy is not None
    tagged = {"StringEquals": {"aws:PrincipalTag/team": "shop"}}
    for statement in key.policy["Statement"]:
        if statement["Sid"] == "BackupUses":
            statement["Condition"] = tagged
    clinic = Clinic(stage)

    report = clinic.examine()

    unseen = [each for check in report["checks"] for each in check["not_checked"]]
    assert clinic.code == 3
    assert {each["reason"] for each in unseen} == {
        "its statement BackupUses has a condition that the doctor cannot evaluate"
    }


def test_another_stack_version_in_a_parameter_is_no_reason_to_stop() -> None:
    """A main stack of an older release lacks parameters; its defaults then count."""
    stage = a_stage()
    say(stage, DrVaultLock="none")
    clinic = Clinic(stage)

    clinic.examine()

    assert clinic.code == 0
