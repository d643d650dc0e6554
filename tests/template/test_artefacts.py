"""What `make build` leaves for `sam deploy`: complete, without anything else, and with its byte code."""

import json
import os
import re
import subprocess
from pathlib import Path

import boto3
import pytest
import yaml

from tests.template.reading import MAIN, ROOT, resources

BUILD = ROOT / ".aws-sam" / "build"
LAYERS = ("CoreLayer", "DependenciesLayer")
FUNCTIONS = tuple(resources(MAIN, "AWS::Serverless::Function"))
# The Lambda runtime of Python has these beside the standard library.
OF_THE_RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six.py", "urllib3")
PYTHON = ROOT / ".venv-sam" / "bin" / "python3.13"

pytestmark = pytest.mark.built


@pytest.fixture(scope="session")
def runtime_packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the packages of the Lambda runtime and no others."""
    folder: Path = tmp_path_factory.mktemp("runtime")
    for name in OF_THE_RUNTIME:
        (folder / name).symlink_to(Path(boto3.__file__).parents[1] / name)
    return folder


def run(code: str, *, path: list[Path]) -> subprocess.CompletedProcess[str]:
    """Run code on the runtime's Python with nothing but `path` and the standard library to import from."""
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(map(str, path))}
    # -B: whoever looks at what was built leaves nothing in it.
    command: list[str | Path] = [PYTHON, "-B", "-S", "-s", "-c", code]
    return subprocess.run(command, env=environ, cwd=path[0], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_handler_imports_from_what_is_deployed(function: str, runtime_packages: Path) -> None:
    path = [BUILD / function, *(BUILD / layer / "python" for layer in LAYERS), runtime_packages]

    done = run("import app; assert callable(app.lambda_handler)", path=path)

    assert done.stderr == ""
    assert done.returncode == 0


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_handler_loads_nothing_that_is_not_shipped(function: str, runtime_packages: Path) -> None:
    path = [BUILD / function, *(BUILD / layer / "python" for layer in LAYERS), runtime_packages]
    code = "import app, sys, json; print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"

    loaded = set(json.loads(run(code, path=path).stdout))

    assert not loaded & {"backup_simulator", "rehearsal", "secondhop_cli", "yaml", "pydantic", "aws_xray_sdk"}


@pytest.mark.parametrize("layer", LAYERS)
def test_every_module_of_a_layer_is_compiled_for_the_runtime_and_trusted_unread(layer: str) -> None:
    sources = sorted((BUILD / layer / "python").rglob("*.py"))

    for source in sources:
        compiled = source.parent / "__pycache__" / f"{source.stem}.cpython-313.pyc"
        # Bytes 4 to 7 of byte code: 1 means identified by a hash and not checked against the source (PEP 552).
        assert compiled.read_bytes()[4:8] == (1).to_bytes(4, "little"), source
    assert sources != []


def test_the_code_layer_holds_the_package_and_nothing_else() -> None:
    built, source = BUILD / "CoreLayer" / "python", ROOT / "layers" / "core"

    def modules(folder: Path) -> set[str]:
        return {str(path.relative_to(folder)) for path in folder.rglob("*.py")}

    assert [path.name for path in built.iterdir()] == ["secondhop"]
    assert modules(built) == modules(source)


def test_the_dependencies_layer_holds_what_the_lock_names_and_nothing_else() -> None:
    lock = (ROOT / "layers/dependencies/requirements.txt").read_text()
    named = {
        name.replace("-", "_") + f"-{version}" for name, version in re.findall(r"^(\S+)==(\S+)", lock, re.MULTILINE)
    }

    shipped = {
        path.name.removesuffix(".dist-info") for path in (BUILD / "DependenciesLayer/python").glob("*.dist-info")
    }

    assert shipped == named


def test_layers_leave_room_for_a_quick_start() -> None:
    size = sum(path.stat().st_size for layer in LAYERS for path in (BUILD / layer).rglob("*") if path.is_file())

    assert size < 25_000_000  # a tenth of what Lambda takes


def test_the_template_that_is_uploaded_has_no_yaml_aliases() -> None:
    text = (BUILD / "template.yaml").read_text()

    assert not any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text))
