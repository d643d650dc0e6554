"""Lambda entry points: nothing is built at import, and the first invocation builds from the real environment."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from rehearsal.functions import load
from secondhop.bootstrap.base import Runtime, on_lambda
from secondhop.domain.errors import SettingsError

FUNCTIONS = sorted(path.parent for path in (Path(__file__).parents[3] / "functions").glob("*/app.py"))


@pytest.mark.parametrize("folder", FUNCTIONS, ids=lambda folder: folder.name)
def test_an_entry_point_reads_its_settings_at_the_first_invocation(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("SECONDHOP_")]:
        monkeypatch.delenv(name)
    app = load(folder)

    with pytest.raises(SettingsError, match="SECONDHOP_TABLE"):
        app.lambda_handler({}, None)


def test_an_entry_point_is_built_once_with_the_environment_a_session_and_the_clock() -> None:
    built: list[Runtime] = []

    def build(runtime: Runtime) -> Any:
        built.append(runtime)
        return lambda event, context: (event, context)

    handler = on_lambda(build)
    assert built == []
    assert handler({"number": 1}, "first") == ({"number": 1}, "first")
    assert handler({"number": 2}, "second") == ({"number": 2}, "second")
    (runtime,) = built
    assert runtime.environ is os.environ
    session: object = runtime.session
    assert isinstance(session, boto3.Session)
    assert runtime.chains is None
    assert runtime.now().tzinfo is UTC
    assert abs(runtime.now() - datetime.now(UTC)) < timedelta(minutes=1)
