"""What each room may reach for; import-linter holds the doors between packages, this the rest."""

import re
import sys
from pathlib import Path

import pytest

from tests.tidy.reading import ROOMS, SHIPPED, calls, imported, lines, python_files

OF_THE_HOUSE = {"secondhop", "secondhop_cli", "backup_simulator", "rehearsal", "local_cloud"}


def tops(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imported(path)}


@pytest.mark.parametrize("room", ["domain", "application"])
def test_domain_and_use_cases_need_the_standard_library_only(room: str) -> None:
    allowed = {*sys.stdlib_module_names, "secondhop"}
    foreign = {str(path): tops(path) - allowed for path in python_files(f"layers/core/secondhop/{room}")}

    assert {path: names for path, names in foreign.items() if names} == {}


def test_functions_need_the_layers_only() -> None:
    allowed = {*sys.stdlib_module_names, "secondhop", "aws_lambda_powertools"}
    foreign = {str(path): tops(path) - allowed for path in python_files("functions")}

    assert {path: names for path, names in foreign.items() if names} == {}


def test_the_simulator_stands_by_itself() -> None:
    reached = {str(path): tops(path) & (OF_THE_HOUSE - {"backup_simulator"}) for path in python_files("simulator")}

    assert {path: names for path, names in reached.items() if names} == {}


def test_the_simulator_does_not_know_its_extension_of_ministack() -> None:
    reached = {str(path): tops(path) & {"ministack_extension"} for path in python_files("simulator/backup_simulator")}

    assert {path: names for path, names in reached.items() if names} == {}


def test_nothing_that_is_shipped_reaches_for_what_is_not() -> None:
    foreign = {
        str(path): tops(path) & {"backup_simulator", "rehearsal", "local_cloud", "secondhop_cli", "yaml"}
        for path in python_files(*SHIPPED)
    }

    assert {path: names for path, names in foreign.items() if names} == {}


def test_the_doctor_knows_aws_as_it_answers_and_no_simulation_of_it() -> None:
    """The rest of the command line may call the rehearsal, which a checkout has."""
    foreign = {
        str(path): tops(path) & {"backup_simulator", "rehearsal"} for path in python_files("cli/secondhop_cli/doctor")
    }

    assert len(foreign) > 15
    assert {path: names for path, names in foreign.items() if names} == {}


def test_time_chance_and_clients_enter_through_arguments() -> None:
    """The bootstrap and the command line are where they come from."""
    guests = re.compile(
        r"(datetime|dt|date)\.(now|utcnow|today)|time\.time|uuid\.?uuid[14]|uuid[14]|random\.\w+|boto3\.\w+"
    )
    rooms = (
        "layers/core/secondhop/domain",
        "layers/core/secondhop/application",
        "layers/core/secondhop/adapters",
        "functions",
    )

    found = [
        f"{path}:{line} {name}" for path in python_files(*rooms) for line, name in calls(path) if guests.fullmatch(name)
    ]

    assert found == []


def test_the_simulator_has_one_source_of_chance_and_no_clock_of_its_own() -> None:
    guests = re.compile(
        r"(datetime|dt|date)\.(now|utcnow|today)|time\.(time|sleep)|uuid\.?uuid4|uuid4|random\.(?!Random)\w+"
    )

    # Beside real processes, which live by the wall clock, a world begins at the present moment, and is waited for.
    beside_processes = ("simulator/ministack_extension/serving.py", "local_cloud/")

    found = [
        f"{path}:{line} {name}"
        for path in python_files("simulator", "rehearsal", "local_cloud")
        if not str(path).startswith(beside_processes)
        for line, name in calls(path)
        if guests.fullmatch(name)
    ]

    assert found == []


def test_nobody_compares_an_arn_with_the_first_partition() -> None:
    naive = re.compile(r"""startswith\(["']arn:aws:""")

    assert [str(path) for path in python_files(*ROOMS) if any(naive.search(line) for line in lines(path))] == []
