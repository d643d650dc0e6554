"""A checkout as `secondhop init` sees it, and a run of init in it."""

from __future__ import annotations

import io
import shutil
from dataclasses import dataclass
from pathlib import Path

from secondhop_cli.init.asking import Ask
from secondhop_cli.init.command import initialize
from secondhop_cli.init.parameter_files import MAIN, Parameters, read_parameters
from secondhop_cli.init.samconfig import NAME, OWN_NAME, read_samconfig

ROOT = Path(__file__).parents[1]
WORKLOAD, BACKUP, NEIGHBOUR = "111122223333", "444455556666", "222233334444"
GOOD = {
    "backup_account": BACKUP,
    "workload_accounts": WORKLOAD,
    "region": "eu-west-1",
    "dr_region": "eu-central-1",
    "organization": "o-simulated0",
    "administrator": f"arn:aws:iam::{BACKUP}:role/administrator",
}
HUB = {**GOOD, "topology": "hub", "workload_accounts": f"{WORKLOAD},{NEIGHBOUR}"}
KEY = "arn:aws:kms:eu-central-1:444455556666:key/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"


@dataclass
class Run:
    """What one run of init said, and how it ended."""

    code: int
    said: str
    complaints: list[str]


class Checkout:
    """A folder with the templates of this repository, as somebody has it who has just cloned it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(ROOT / "stacks", folder / "stacks")
        shutil.copy(ROOT / "template.yaml", folder / "template.yaml")

    def with_samconfig_of_release(self) -> None:
        """Add the file that Git tracks."""
        shutil.copy(ROOT / NAME, self.folder / NAME)

    def init(
        self, given: dict[str, str] | None = None, *, ask: Ask | None = None, accepted: tuple[str, ...] = ()
    ) -> Run:
        said, complaints = io.StringIO(), io.StringIO()
        code = initialize(self.folder, given or {}, stream=said, errors=complaints, ask=ask, accepted=accepted)
        return Run(code, said.getvalue(), complaints.getvalue().splitlines())

    def texts(self) -> dict[str, str]:
        """Every file that init may write, as it stands."""
        found = [self.folder / NAME, *self.folder.glob("parameters/*")]
        return {str(path.relative_to(self.folder)): path.read_text() for path in found if path.is_file()}

    def parameters(self, stack: str) -> Parameters:
        if stack == MAIN:
            own = self.folder / OWN_NAME
            return read_samconfig((own if own.is_file() else self.folder / NAME).read_text())[1]
        return read_parameters(stack, (self.folder / f"parameters/{stack}.json").read_text())

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.folder / name).read_text()
        assert old in text
        (self.folder / name).write_text(text.replace(old, new))
