"""samconfig.toml as init writes it, read by the SAM command line's own code."""

import json
import subprocess
from pathlib import Path

import pytest

from secondhop_cli.init.parameter_files import MAIN
from tests.installing import BACKUP, GOOD, HUB, Checkout
from tests.template.reading import ROOT

pytestmark = pytest.mark.built

READ = """
import json, sys
from samcli.cli.types import CfnParameterOverridesType
from samcli.lib.config.samconfig import SamConfig
found = SamConfig(*sys.argv[1:]).get_all(["deploy"], "parameters")
parameters = CfnParameterOverridesType().convert((found["parameter_overrides"],), None, None)
print(json.dumps([found["stack_name"], found["region"], found["capabilities"], parameters]))
"""


@pytest.mark.parametrize("has_file_of_release", [False, True], ids=["no file", "the file of the release"])
@pytest.mark.parametrize("given", [GOOD, HUB], ids=["workload", "hub"])
def test_sam_reads_what_init_wrote(tmp_path: Path, given: dict[str, str], has_file_of_release: bool) -> None:
    checkout = Checkout(tmp_path)
    if has_file_of_release:
        checkout.with_samconfig_of_release()
    assert (
        checkout.init({**given, "email": "dba@example.com", "copy_role_arn": f"arn:aws:iam::{BACKUP}:role/a/b"}).code
        == 0
    )
    done = subprocess.run(
        [
            ROOT / ".venv-sam" / "bin" / "python",
            "-c",
            READ,
            tmp_path / ("parameters" if has_file_of_release else ""),
            "samconfig.toml",
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert json.loads(done.stdout) == ["second-hop", "eu-west-1", "CAPABILITY_IAM", checkout.parameters(MAIN)]
    assert checkout.parameters(MAIN)["NotificationEmail"] == "dba@example.com"
