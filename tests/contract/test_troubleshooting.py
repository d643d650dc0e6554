"""The page about causes is that of the tables, and knows every text that the simulated AWS Backup says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from backup_simulator import texts
from secondhop.domain.classification import Cause, classify

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "troubleshooting.md"

# What a person has to be told after each text that AWS is documented to say, whichever row recognises it.
CAUSES = {
    "ORGANIZATION": Cause.ORGANIZATION,
    "SETTING": Cause.ORGANIZATION,
    "VAULT_POLICY": Cause.VAULT_POLICY,
    "DEFAULT_KEY": Cause.VAULT_KEY,
    "MANAGED_KEY": Cause.AWS_MANAGED_KEY,
    "SOURCE_KEY": Cause.SOURCE_KEY,
    "DESTINATION_KEY": Cause.KEY_UNUSABLE,
    "RETENTION": Cause.RETENTION_RANGE,
    "OPTION_GROUP": Cause.OPTION_GROUP,
    "LIST_TAGS": Cause.TAGS,
    "TOO_MANY_TAGS": Cause.TAGS,
    "TOO_MANY_JOBS": Cause.QUOTA,
    "SINGLE_ACTION": Cause.UNSUPPORTED,
    "NOT_ASSUMED": Cause.ROLE,
    "NOT_PERMITTED": Cause.PERMISSION,
    "FATAL": Cause.TRANSIENT,
    "INTERNAL": Cause.TRANSIENT,
    "EXPIRED": Cause.TRANSIENT,
    "UNSHARE": Cause.UNSHARE,
}


def said_by_aws() -> dict[str, str]:
    """Every text of the simulator, by its name."""
    return {name: text for name, text in vars(texts).items() if name.isupper() and isinstance(text, str)}


def test_the_page_about_causes_is_what_the_tables_say() -> None:
    command = [sys.executable, str(ROOT / "tools" / "write-troubleshooting"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stderr) == (0, "")


def test_no_text_of_aws_is_without_an_expected_cause() -> None:
    assert set(said_by_aws()) == set(CAUSES)


@pytest.mark.parametrize("name", sorted(CAUSES))
def test_every_text_of_aws_is_classified_and_explained(name: str) -> None:
    cause = classify(message=said_by_aws()[name])
    headings = PAGE.read_text(encoding="utf-8").splitlines()

    assert cause is CAUSES[name]
    assert f"## {cause}" in headings


def test_a_text_that_nobody_knows_is_under_its_own_heading() -> None:
    _, _, after = PAGE.read_text(encoding="utf-8").partition("## UNKNOWN\n")
    section, _, _ = after.partition("\n## ")

    assert "no other heading" in section
    assert "The message quotes it" in section
    assert "Yes: 6 tries" in section
