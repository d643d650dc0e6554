"""Every break that is made on purpose finds its line: one that applies nowhere proves nothing."""

import runpy

import pytest

from tests.tidy.reading import ROOT


@pytest.mark.parametrize(
    ("tool", "folder"),
    [("break-on-purpose", "layers/core/secondhop"), ("break-simulator", "simulator/backup_simulator")],
)
def test_every_break_still_applies(tool: str, folder: str) -> None:
    rows = runpy.run_path(str(ROOT / "tools" / tool))["BREAKS"]
    lost = [what for what, file, whole, *_ in rows if whole not in (ROOT / folder / file).read_text(encoding="utf-8")]

    assert len(rows) > 20
    assert lost == []
