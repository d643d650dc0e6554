"""The names of resource types are in two tables, the engine's and the simulator's, and in no other code."""

import ast

import pytest

from backup_simulator.resource_types import RESOURCE_TYPES as SIMULATED
from secondhop.domain.resource_types import CLUSTERS, RESOURCE_TYPES
from tests.tidy.reading import ROOMS, python_files, tree

TABLES = {"layers/core/secondhop/domain/resource_types.py", "simulator/backup_simulator/resource_types.py"}
NAMES = {each.name.lower() for each in (*RESOURCE_TYPES, *SIMULATED)}
ENGINES = {engine for each in CLUSTERS for engine in each.cluster_engines}
# The services of the simulator and of boto3 have this name too; their clients and events use it in lower case.
SERVICES = {"rds"}


def docstrings(module: ast.Module) -> set[int]:
    """The identities of the constants that are docstrings, of modules, classes, functions and fields."""
    return {id(node.value) for node in ast.walk(module) if isinstance(node, ast.Expr)}


def is_literal(text: str) -> bool:
    """Whether a text is the name of a type or of its engine, or lists several of them."""
    if text in SERVICES:
        return False
    lower = text.lower()
    return lower in NAMES | ENGINES or sum(name in lower for name in NAMES - SERVICES) > 1


def literals(module: ast.Module) -> list[int]:
    """The lines with such a text."""
    said = docstrings(module)
    return [
        node.lineno
        for node in ast.walk(module)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said
        if is_literal(node.value)
    ]


def test_no_code_outside_of_the_two_tables_names_a_resource_type() -> None:
    found = {
        f"{path}:{line}"
        for path in python_files(*ROOMS, "bench")
        if str(path) not in TABLES
        for line in literals(tree(path))
    }

    assert found == set()


@pytest.mark.parametrize(
    ("code", "count"),
    [
        ("""kind = 'Neptune'""", 1),
        ("""kind = 'RDS'""", 1),
        ("""client = 'rds'""", 0),
        ("""engine = 'aurora-postgresql'""", 1),
        ("""types = 'RDS=true,Aurora=true,Neptune=true'""", 1),
        ("""pattern = 'cluster|aurora|documentdb'""", 1),
        ("""text = 'Use a Multi-AZ instance or Aurora for it.'""", 0),
        ('''"""About Aurora and Neptune."""''', 0),
    ],
)
def test_the_checker_finds_names_and_lists_of_names_but_no_prose(code: str, count: int) -> None:
    assert len(literals(ast.parse(code))) == count
