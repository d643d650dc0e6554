"""Profiles and Regions: one that cannot be used is named, and does not end the work for the others."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest

from backup_simulator import World
from rehearsal.stage import HOME, Stage
from secondhop.adapters.memory_chains import MemoryChains
from secondhop_cli.doctor.command import doctor
from secondhop_cli.ending import CommandError, UsageError
from secondhop_cli.operate.installation import find_installation
from secondhop_cli.sessions import region_of

WITHOUT_REGION = SimpleNamespace(region_name=None)


class Unusable:
    """A session with a profile that fails at its first use, before any call."""

    profile_name = "broken"

    def __init__(self, error: Exception) -> None:
        self.error = error

    def client(self, *_: Any, **__: Any) -> Any:
        raise self.error


ERRORS = [
    ValueError("Invalid endpoint: localhost:4566"),
    FileNotFoundError(2, "No such file or directory", "/nonexistent/x"),
    EOFError("no terminal for the MFA code"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_unusable_profile_is_named_and_the_others_are_examined(error: Exception) -> None:
    stage = Stage(World(), MemoryChains())
    good = stage.world.session(stage.main_account, region=HOME)
    stream, errors = io.StringIO(), io.StringIO()
    code = doctor(
        [Unusable(error), good], stack="second-hop", region=HOME, now=stage.world.now(), streams=(stream, errors)
    )

    text = " ".join(stream.getvalue().split())
    assert f"profile broken: {type(error).__name__}" in text
    assert code in (1, 3)
    assert "unexpected error" not in text + errors.getvalue()


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_command_that_acts_says_why_its_profile_cannot_be_used(error: Exception) -> None:
    with pytest.raises(CommandError, match=f"the stack second-hop cannot be read: {type(error).__name__}"):
        find_installation(Unusable(error), stack="second-hop", region=HOME)


def test_a_region_comes_from_the_option_the_session_or_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION", raising=False)
    with pytest.raises(UsageError, match="no Region is configured"):
        region_of([WITHOUT_REGION], None)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")

    assert region_of([WITHOUT_REGION], None) == "eu-west-1"
    assert region_of([SimpleNamespace(region_name="eu-central-1")], None) == "eu-central-1"
    assert region_of([WITHOUT_REGION], "us-east-1") == "us-east-1"
