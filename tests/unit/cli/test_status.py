"""`secondhop status`, over installations in the simulator: in text, JSON and CSV, and when something cannot be seen."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from backup_simulator import World
from rehearsal.stage import HOME, Stage
from secondhop.adapters.memory_chains import MemoryChains
from secondhop.application.views import ChainViews
from secondhop.domain.chain import Chain, ChainKey
from secondhop.domain.errors import UnreadableItemError
from secondhop_cli.ending import UsageError
from secondhop_cli.main import parser
from secondhop_cli.operate.installation import Installation
from secondhop_cli.show.status import show_status

REFUSED = "Access Denied trying to call AWS Backup service"


def a_stage(*, fails: bool, nights: int = 1) -> Stage:
    stage = Stage(World(), MemoryChains())
    for resource_type, name in (("Aurora", "customers"), ("RDS", "orders")):
        stage.add_database(resource_type, name, size_gib=1)
    if fails:
        stage.world.faults.fail_copy_job(destination_region="eu-central-1", message=REFUSED)
    stage.world.run_for(timedelta(days=nights - 1, hours=9))
    return stage


@cache
def healthy() -> Stage:
    return a_stage(fails=False)


@cache
def troubled() -> Stage:
    """One of two databases has a copy; the other one is stranded."""
    return a_stage(fails=True)


def chains_of(stage: Stage) -> MemoryChains:
    assert isinstance(stage.chains, MemoryChains)
    return stage.chains


def said(
    stage: Stage,
    *arguments: str,
    opened: Callable[[Installation], ChainViews] | None = None,
    later: timedelta = timedelta(0),
) -> int:
    """Run the command as a person types it, with the credentials of the main stack's account."""

    def now() -> datetime:
        return stage.world.now() + later

    session: Any = stage.world.session(stage.main_account, region=HOME)
    chosen = parser().parse_args(["status", *arguments])
    return show_status(chosen, opened=opened or (lambda _: chains_of(stage)), session=session, now=now)


def test_when_all_is_well_the_first_line_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    code = said(healthy())
    lines = capsys.readouterr().out.splitlines()

    assert code == 0
    assert lines[0].startswith("2 of 2 databases are safe in eu-central-1; checked ")
    assert next(line.split()[0] for line in lines[2:] if line.strip()) == "DATABASE"
    assert sum(line.rstrip().endswith(" safe") for line in lines) == 2


def test_what_is_not_safe_comes_first_with_reason_and_complete_command(capsys: pytest.CaptureFixture[str]) -> None:
    code = said(troubled())
    out = capsys.readouterr().out
    (stranded,) = [each for each in chains_of(troubled()).all() if each.troubles()]

    assert code == 1
    assert out.startswith("1 of 2 databases is safe in eu-central-1; ")
    rows = [line for line in out.splitlines() if "everything" in line or "at most" in line]
    assert ["not safe" in row for row in rows] == [True, False]
    assert f"Not safe: {stranded.database}" in out
    assert "Why: it has no verified copy; the backup of " in out
    assert f"AWS or Second Hop said: {REFUSED}" in out
    assert "NAME" not in out.replace("DATABASE", "")


def test_an_old_copy_is_not_safe_and_the_loss_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    stage = a_stage(fails=False)
    chains = chains_of(stage)
    copied = MemoryChains()
    copied.save_sweep_progress(
        replace(copied.sweep_progress(now=stage.world.now()), ended_at=stage.world.now() + timedelta(days=3)),
        before=copied.sweep_progress(now=stage.world.now()),
    )
    for chain in chains.all():
        (hop,) = chain.hops
        seen = hop.with_arrival(last_seen_at=stage.world.now() + timedelta(days=3))
        copied.save(replace(chain.with_hop(seen), version=0), before=None, limit=5)
    code = said(stage, opened=lambda _: copied, later=timedelta(days=3))

    assert code == 1
    assert "at most 3 days" in capsys.readouterr().out


def test_nothing_is_safe_by_an_old_table(capsys: pytest.CaptureFixture[str]) -> None:
    code = said(healthy(), later=timedelta(hours=3))
    out = capsys.readouterr().out

    assert code == 3
    assert out.startswith("0 of 2 databases are safe")
    assert "no sweep has ended since" in out
    assert f"`secondhop doctor --region {HOME}`" in out


def test_without_any_chain_no_database_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(healthy(), opened=lambda _: MemoryChains()) == 3
    assert capsys.readouterr().out == "No recovery point has arrived yet, so no database is known.\n"


class Spoilt(MemoryChains):
    """A store in which one chain cannot be read."""

    def get(self, key: ChainKey) -> Chain | None:
        raise UnreadableItemError(f"schema 99 of {key.route}")


def test_an_unreadable_chain_is_not_seen(capsys: pytest.CaptureFixture[str]) -> None:
    spoilt = Spoilt()
    vars(spoilt).update(vars(chains_of(healthy()).copy()))
    code = said(healthy(), opened=lambda _: spoilt)

    assert code == 3
    assert f"Not seen in second-hop@{HOME}: chain default/" in capsys.readouterr().out


def test_json_has_the_documented_fields(capsys: pytest.CaptureFixture[str]) -> None:
    code = said(troubled(), "--json")
    found = json.loads(capsys.readouterr().out)

    assert (found["schema"], found["exit_code"], code) == (1, 1, 1)
    assert [each["safety"] for each in found["databases"]] == ["not safe", "safe"]
    assert found["databases"][0]["recovery_point"] is None
    assert found["databases"][1]["target_seconds"] == 54 * 3600
    assert found["installations"][0]["name"] == f"second-hop@{HOME}"
    assert found["installations"][0]["swept_at"] is not None


def test_csv_has_a_line_for_each_database_and_vault(capsys: pytest.CaptureFixture[str]) -> None:
    said(troubled(), "--csv")
    first, second = csv.DictReader(io.StringIO(capsys.readouterr().out))

    assert (first["safety"], second["safety"]) == ("not safe", "safe")
    assert second["vault"].endswith(":backup-vault:dr-vault")


def test_the_target_is_the_stack_s_own(capsys: pytest.CaptureFixture[str]) -> None:
    stage = Stage(World(), MemoryChains(), parameters={"RpoHours": "7"})
    said(stage, "--json", opened=lambda _: chains_of(healthy()))
    found = json.loads(capsys.readouterr().out)

    assert {each["target_seconds"] for each in found["databases"]} == {7 * 3600}


def test_an_unknown_stack_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="there is no stack other"):
        said(healthy(), "--stack", "other")


class Denied(MemoryChains):
    """A table that the caller may not read."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def last_sweep(self) -> datetime | None:
        raise self.error


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "ExpiredToken", "Message": "expired"}}, "GetItem"),
        EndpointConnectionError(endpoint_url="https://dynamodb"),
    ],
)
def test_an_installation_that_cannot_be_read_is_not_seen_and_the_others_are_shown(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    opened = iter([Denied(error), chains_of(healthy())])
    code = said(healthy(), "--stack", "second-hop", "--stack", f"second-hop@{HOME}", opened=lambda _: next(opened))
    shown = capsys.readouterr()

    assert code == 3
    assert shown.out.startswith("2 of 2 databases are safe in eu-central-1; ")
    assert "1 installation could not be read: not all databases are in this answer." in shown.out
    assert shown.err.startswith(f"not seen: second-hop@{HOME}: its table cannot be read: ")


class Forgetful(MemoryChains):
    """A store with an item of the sweep that cannot be read."""

    def last_sweep(self) -> datetime | None:
        raise UnreadableItemError("the installation's memory cannot be read")


def test_without_the_item_of_the_sweep_nothing_is_safe_and_what_is_not_safe_stays_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    forgetful = Forgetful()
    vars(forgetful).update(vars(chains_of(troubled()).copy()))
    code = said(troubled(), "--json", opened=lambda _: forgetful)
    found = json.loads(capsys.readouterr().out)

    assert code == 1
    assert [each["safety"] for each in found["databases"]] == ["not safe", "not seen"]
    assert found["databases"][1]["reason"] == "no sweep has ended so far, so the table may be old"
    assert found["installations"][0]["unreadable"] == ["the installation's memory cannot be read"]
