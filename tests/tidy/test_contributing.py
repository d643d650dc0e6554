"""The guide for contributors names files that exist, and CI runs what the guide says."""

import re

import pytest
import yaml

from tests.tidy.reading import ROOT

GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PATH = re.compile(r"`([\w.-]+(?:/[\w.-]*)+|[\w-]+\.(?:yaml|md|toml))`")
TOPICS = (
    "A failure text of AWS",
    "A cause",
    "A resource type",
    "An operator command",
    "A simulator operation",
    "A switch for unknown behaviour",
    "An alarm",
    "A finding of the doctor",
    "A setting",
    "A kind of route",
)


def paths_of(text: str) -> list[str]:
    return PATH.findall(text)


def test_every_file_that_the_guide_names_exists() -> None:
    missing = [path for path in paths_of(GUIDE) if not (ROOT / path).exists()]

    assert missing == []
    assert len(set(paths_of(GUIDE))) > 60


@pytest.mark.parametrize("topic", TOPICS)
def test_every_list_of_files_to_change_names_at_least_three(topic: str) -> None:
    _, found, rest = GUIDE.partition(f"\n### {topic}\n")

    assert found
    assert len(set(paths_of(re.split(r"\n##", rest)[0]))) >= 3


def test_paths_are_recognised_and_other_code_is_not() -> None:
    assert paths_of("`tests/tidy`, `a/b.py`, `template.yaml`, `make test`, `ROWS`, `.ci/run`") == [
        "tests/tidy",
        "a/b.py",
        "template.yaml",
        ".ci/run",
    ]


def commands_of(workflow: str) -> list[str]:
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / workflow).read_text(encoding="utf-8"))["jobs"]
    return [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]


def test_the_workflow_for_changes_runs_the_one_script_and_nothing_else() -> None:
    assert commands_of("check.yml") == ["./.ci/run"]


def test_a_workflow_runs_nights_of_new_seeds_on_a_schedule() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "nights.yml").read_text(encoding="utf-8"))

    # YAML 1.1 reads the key `on` as true.
    assert workflow[True]["schedule"]
    assert [line.split()[:2] for line in commands_of("nights.yml")] == [["make", "nights"]]
    assert "SEED=" in commands_of("nights.yml")[0]
