"""Every decision record has a title, a date and a status, and is in the index; amendments are named at both ends."""

import re
from pathlib import Path

import pytest

from tests.tidy.reading import ROOT

FOLDER = ROOT / "docs" / "decisions"
RECORDS = sorted(FOLDER.glob("[0-9]*.md"))
HEAD = re.compile(
    r"# (?P<number>\d+)\. (?P<title>\S.*)\n\n"
    r"- Date: (?P<date>20\d\d-\d\d-\d\d)\n"
    r"- Status: (?P<status>accepted|superseded)(?P<links>(; (amends|amended by|superseded by) .*)?)\n\n"
)
ROW = re.compile(
    r"^\| (?P<number>\d+) \| \[(?P<title>.*)\]\((?P<file>[^)]+)\) \| (?P<date>\S+) \| (?P<status>.*) \|$", re.MULTILINE
)


def head_of(text: str) -> dict[str, str] | None:
    found = HEAD.match(text)
    return found.groupdict() if found else None


def related(links: str) -> set[tuple[str, str]]:
    """The relations of a status line: ("amends", file) or ("amended by", file)."""
    parts = re.findall(r"(amends|amended by|superseded by)((?: (?:and )?\[\d{4}\]\([^)]+\),?)+)", links)
    return {(word, file) for word, rest in parts for file in re.findall(r"\(([^)]+)\)", rest)}


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.name)
def test_every_record_has_the_head_with_its_own_number(path: Path) -> None:
    head = head_of(path.read_text(encoding="utf-8"))

    assert head is not None, "begin with: # N. Title, then - Date: YYYY-MM-DD and - Status: accepted"
    assert int(head["number"]) == int(path.name[:4])


def test_every_record_is_in_the_index_with_its_title_date_and_status() -> None:
    rows = [match.groupdict() for match in ROW.finditer((FOLDER / "README.md").read_text(encoding="utf-8"))]
    heads = {path.name: head_of(path.read_text(encoding="utf-8")) or {} for path in RECORDS}

    assert [row["file"] for row in rows] == [path.name for path in RECORDS]
    for row in rows:
        head = heads[row["file"]]
        assert (row["number"], row["title"], row["date"]) == (head["number"], head["title"], head["date"])
        assert row["status"] == head["status"] + head["links"]


def test_two_records_never_have_the_same_number() -> None:
    numbers = [path.name[:4] for path in RECORDS]

    assert len(set(numbers)) == len(numbers)


def test_an_amendment_is_named_in_both_records() -> None:
    links = {
        path.name: related((head_of(path.read_text(encoding="utf-8")) or {"links": ""})["links"]) for path in RECORDS
    }
    amends = {(path, file) for path, found in links.items() for word, file in found if word == "amends"}
    amended = {(file, path) for path, found in links.items() for word, file in found if word == "amended by"}

    assert amends == amended
    assert len(amends) > 5


@pytest.mark.parametrize(
    "bad",
    [
        "# 7. A title\n\nText.\n",
        "# A title\n\n- Date: 2026-11-23\n- Status: accepted\n\nText.\n",
        "# 7. A title\n\n- Date: November\n- Status: accepted\n\nText.\n",
        "# 7. A title\n\n- Date: 2026-11-23\n- Status: perhaps\n\nText.\n",
    ],
)
def test_a_record_without_the_head_is_noticed(bad: str) -> None:
    assert head_of(bad) is None
