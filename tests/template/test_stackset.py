"""What `make stackset` leaves for service-managed StackSets: no macro, the same stack, the code by bucket and key."""

import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.template.reading import MAIN, ROOT, resources, template

BUILD, OUT = ROOT / ".aws-sam" / "build", ROOT / "build" / "stackset"
CODE = {
    "AWS::Lambda::Function": ("Code", "S3Bucket", "S3Key"),
    "AWS::Lambda::LayerVersion": ("Content", "S3Bucket", "S3Key"),
}

pytestmark = pytest.mark.built


@pytest.fixture(scope="module")
def translated() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((OUT / "second-hop.json").read_text())
    return found


def test_no_macro_is_left(translated: dict[str, Any]) -> None:
    text = json.dumps(translated)

    assert "Transform" not in text
    assert "AWS::Serverless" not in text


def test_everything_but_the_functions_is_as_the_template_says(translated: dict[str, Any]) -> None:
    plain = {key: each for key, each in resources(MAIN).items() if not each["Type"].startswith("AWS::Serverless")}

    assert {key: translated["Resources"][key] for key in plain} == plain
    for part in ("Rules", "Conditions", "Outputs"):
        assert translated[part] == template(MAIN)[part]


def test_the_translation_makes_no_roles_and_no_permissions_of_its_own(translated: dict[str, Any]) -> None:
    made = {each["Type"] for key, each in translated["Resources"].items() if key not in resources(MAIN)}

    assert made == {
        "AWS::Lambda::EventInvokeConfig",
        "AWS::Lambda::EventSourceMapping",
        "AWS::Lambda::LayerVersion",
    }


def test_every_parameter_is_still_the_stacks_to_decide(translated: dict[str, Any]) -> None:
    """The translator writes defaults in where it may; here it may not."""
    text = json.dumps({key: each for key, each in translated.items() if key not in ("Parameters", "Metadata")})
    unused = [key for key in translated["Parameters"] if f'"Ref": "{key}"' not in text and f"${{{key}}}" not in text]

    assert unused == []
    assert translated["Parameters"].keys() - template(MAIN)["Parameters"].keys() == {
        "CodeBucketPrefix",
        "CodeKeyPrefix",
    }


def packed(translated: dict[str, Any]) -> dict[str, Path]:
    """Logical id without its hash -> the zip file that it names."""
    found = {}
    for key, each in translated["Resources"].items():
        if place := CODE.get(each["Type"]):
            code = each["Properties"][place[0]]
            assert code[place[1]] == {"Fn::Sub": "${CodeBucketPrefix}-${AWS::Region}"}
            name = code[place[2]]["Fn::Sub"].removeprefix("${CodeKeyPrefix}")
            assert key.startswith(name.partition("-")[0])
            found[name.partition("-")[0]] = OUT / name
    return found


def test_every_piece_of_code_lies_there_under_its_digest(translated: dict[str, Any]) -> None:
    found = packed(translated)

    assert found.keys() == {key for key, each in resources(MAIN).items() if each["Type"].startswith("AWS::Serverless")}
    for path in found.values():
        assert path.stem.rpartition("-")[2] == hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    assert {*found.values(), OUT / "second-hop.json"} == set(OUT.iterdir())


def test_the_zip_files_hold_what_was_built(translated: dict[str, Any]) -> None:
    for logical_id, path in packed(translated).items():
        built = {
            str(each.relative_to(BUILD / logical_id)): each.read_bytes()
            for each in (BUILD / logical_id).rglob("*")
            if each.is_file()
        }
        with zipfile.ZipFile(path) as archive:
            assert {name: archive.read(name) for name in archive.namelist()} == built
            # Lambda's own user has to read what CloudFormation unpacks.
            assert {each.external_attr >> 16 for each in archive.infolist()} == {0o644}


def test_the_same_build_gives_the_same_files() -> None:
    before = {path.name: path.read_bytes() for path in OUT.iterdir()}
    subprocess.run(
        [ROOT / ".venv-sam" / "bin" / "python", ROOT / "tools" / "make-stackset"],
        env={"AWS_DEFAULT_REGION": "eu-west-1", "PATH": "/usr/bin:/bin"},
        check=True,
        capture_output=True,
        timeout=120,
    )

    assert {path.name: path.read_bytes() for path in OUT.iterdir()} == before


def test_cfn_lint_finds_nothing_wrong_with_the_translation() -> None:
    linter = Path(sys.executable).with_name("cfn-lint")
    done = subprocess.run([linter, OUT / "second-hop.json"], capture_output=True, text=True, timeout=120, check=False)

    assert done.stdout == ""
    assert done.returncode == 0
