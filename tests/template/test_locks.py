"""Locked requirements: hashed, silent about where packages come from, and the same in tests and in Lambda."""

import re

import pytest

from tests.template.reading import ROOT

LOCKS = [
    "requirements/demo.txt",
    "requirements/dev.txt",
    "requirements/sam.txt",
    "requirements/aws-cli.txt",
    "layers/dependencies/requirements.txt",
]


def pins(lock: str) -> dict[str, set[str]]:
    """Package -> its versions (more than one where they depend on the version of Python)."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / lock).read_text(), re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_hashes(lock: str) -> None:
    blocks = re.split(r"\n(?=\S)", (ROOT / lock).read_text().strip())

    assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []
    assert pins(lock) != {}


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_says_where_packages_come_from(lock: str) -> None:
    text = (ROOT / lock).read_text()

    assert re.findall(r"://|--index|--extra-index|--find-links|--trusted-host| @ ", text) == []


def test_the_tests_run_on_what_the_demo_runs_on() -> None:
    demo, dev = pins("requirements/demo.txt"), pins("requirements/dev.txt")

    assert {name: dev.get(name) for name in demo} == demo


def test_what_is_deployed_is_what_is_tested() -> None:
    layer, dev = pins("layers/dependencies/requirements.txt"), pins("requirements/dev.txt")

    assert layer == {name: dev.get(name) for name in layer}


def test_the_lambda_runtimes_own_sdk_is_not_shipped() -> None:
    assert not {"boto3", "botocore"} & pins("layers/dependencies/requirements.txt").keys()
