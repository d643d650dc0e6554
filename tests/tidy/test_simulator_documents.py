"""The simulator's documents and its code name the same things."""

import ast
import re
from pathlib import Path

from backup_simulator import World
from tests.tidy.reading import ROOT, python_files, tree

README = (ROOT / "simulator" / "README.md").read_text(encoding="utf-8")
MODEL = (ROOT / "simulator" / "MODEL.md").read_text(encoding="utf-8")
DOCUMENTED = set(re.findall(r"world\.(\w+)", README))
# A world of another kind: property tests of a chain have one of their own.
OTHER_WORLDS = ("tests/chain_world.py", "tests/property/")


def used_of_a_world(path: Path) -> set[str]:
    """The names that a file takes from whatever it calls `world`."""
    attributes = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute)]
    owners = ((node.attr, node.value) for node in attributes)
    return {name for name, owner in owners if getattr(owner, "id", getattr(owner, "attr", None)) in ("world", "_world")}


def test_every_name_of_a_world_in_the_readme_exists() -> None:
    world = World()

    assert len(DOCUMENTED) > 40
    assert [name for name in sorted(DOCUMENTED) if not hasattr(world, name)] == []


def test_tests_and_rehearsal_use_documented_names_of_a_world_only() -> None:
    files = [
        path
        for path in python_files("tests", "rehearsal", "local_cloud", "bench", "cli")
        if not str(path).startswith((*OTHER_WORLDS, "tests/tidy/"))
    ]
    undocumented = {str(path): sorted(used_of_a_world(path) - DOCUMENTED) for path in files}

    assert {path: names for path, names in undocumented.items() if names} == {}


def test_every_module_that_the_model_names_exists() -> None:
    rows = [line.split("|") for line in MODEL.splitlines() if re.match(r"\| \d+[a-z]? \|", line)]
    named = {name.split(".")[0] for row in rows for name in re.findall(r"`(\w[\w.]*)`", row[4])}
    modules = {path.stem for path in python_files("simulator/backup_simulator")}

    assert len(rows) == 20
    assert len(named) > 10
    assert sorted(named - modules) == []
