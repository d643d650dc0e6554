"""What stands in the files: nothing about one machine, one registry, or one person's plans."""

import re
from pathlib import Path

import pytest

from tests.tidy.reading import ROOT, lines, text_files

# Written in pieces, so that a search of the repository for them finds nothing.
HOSTS = [
    r"py" + r"pi\.org",
    r"python" + r"hosted\.org",
    r"registry\.npm" + r"js",
    r"--index" + r"-url",
    r"--extra-index" + r"-url",
]
MACHINES = [
    r"/wo" + r"rk/",
    r"/ro" + r"ot/",
    r"/home/\w+/",
    r"/Users/\w+/",
    r"/opt/(wheels|py" + r"pi)",
    r"file:" + r"///",
]
PROMISES = [r"\bTO" + r"DO\b", r"\bFIX" + r"ME\b", r"\bX" + r"XX\b"]
# Access key ids as AWS makes them; the ones of its documentation end in EXAMPLE.
SECRETS = [r"\b(AKIA|ASIA)[A-Z0-9]{9,16}(?<!EXAMPLE)\b", r"-----BEGIN [A-Z ]*PRIVATE KEY"]


@pytest.mark.parametrize("pattern", [*HOSTS, *MACHINES, *PROMISES, *SECRETS])
def test_no_file_names_a_registry_a_machine_a_plan_or_a_secret(pattern: str) -> None:
    searched = re.compile(pattern)

    found = [
        f"{path}:{number}: {line.strip()[:80]}"
        for path in text_files()
        for number, line in enumerate(lines(path), start=1)
        if searched.search(line)
    ]

    assert found == []


def test_account_numbers_are_the_invented_ones() -> None:
    invented = {
        "111122223333",
        "444455556666",
        "777788889999",
        "222233334444",
        "123456789012",
        "000000000000",
        "999999999999",
    }
    # Locks hold hashes, and what `secondhop init` wrote here speaks of its user's own accounts.
    exempt = {"requirements", "parameters", "samconfig.toml"}

    found = {
        f"{path}: {number}"
        for path in text_files()
        if path.parts[0] not in exempt and path.suffix in {".md", ".yaml", ".json", ".toml"}
        for line in lines(path)
        for number in re.findall(r"(?<![\w.-])\d{12}(?![\w.-])", line)
        if number not in invented
    }

    assert found == set()


@pytest.mark.parametrize("path", [each for each in text_files() if each.suffix == ".md"], ids=str)
def test_links_between_files_lead_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", "\n".join(lines(path)))

    missing = [each for each in targets if not (ROOT / path.parent / each).exists()]

    assert missing == []


def test_the_readme_links_every_page() -> None:
    """Decisions and events have a page of their own that lists them."""
    pages = {str(path) for path in text_files() if path.suffix == ".md" and path.parts[:2] != ("docs", "decisions")}
    linked = set(re.findall(r"\]\(([^)#\s]+\.md)", (ROOT / "README.md").read_text(encoding="utf-8")))

    assert pages - linked - {"README.md", "simulator/MODEL.md"} == set()


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = [line.lstrip("#").strip() for line in lines(path) if re.match(r"#{1,6} ", line)]
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize("path", [each for each in text_files() if each.suffix == ".md"], ids=str)
def test_links_to_headings_lead_to_a_heading(path: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|mailto:)([^)#\s]*)#([^)\s]+)\)", "\n".join(lines(path)))

    missing = [
        f"{page}#{anchor}"
        for page, anchor in targets
        if anchor not in anchors((ROOT / path.parent / page).resolve().relative_to(ROOT) if page else path)
    ]

    assert missing == []


def test_every_line_ends_without_blanks() -> None:
    trailing = [
        f"{path}:{number}"
        for path in text_files()
        for number, line in enumerate(lines(path), start=1)
        if line != line.rstrip()
    ]

    assert trailing == []
