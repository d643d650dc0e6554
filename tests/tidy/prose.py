"""The prose of the repository, as pieces of text with the place where each one begins.

A piece is a paragraph, a heading, a list item, a table cell, a docstring or a comment. Code, links and quotations are
not prose: each becomes one placeholder word.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.tidy.reading import ROOT, lines, python_files, text_files, tree

PLACEHOLDER = "Code"
FENCE = re.compile(r"^\s*(```|~~~)")
TABLE_RULE = re.compile(r"^\|?[\s:|-]+\|?$")
LIST_MARK = re.compile(r"^\s*([-*+]|\d+\.)\s+")
INDENTED_CODE = re.compile(r"^(    |\t)")
# In this order: code first, because it may hold any other mark.
REPLACED = (
    (re.compile(r"``.+?``|`[^`]+`"), PLACEHOLDER),
    (re.compile(r"!?\[([^\]]*)\]\([^)]*\)"), r"\1"),
    (re.compile(r"<[^>\s]+>|https?://\S+"), PLACEHOLDER),
    (re.compile(r"\"[^\"]{1,200}\""), PLACEHOLDER),
    (re.compile(r"arn:\S+"), PLACEHOLDER),
    (re.compile(r"[*_]{1,2}(?=\S)([^*_]+?)(?<=\S)[*_]{1,2}"), r"\1"),
)
SENTENCE_END = re.compile(r"(?<=[.!?])[)\"*]*\s+(?=[\"(*]*[A-Z0-9])")
ENUMERATION = re.compile(r";\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of prose without markup. A cell or a list item may enumerate things, separated by semicolons."""

    place: str
    text: str
    may_enumerate: bool = False

    @property
    def sentences(self) -> list[str]:
        """The sentences; the entries of an enumeration count separately."""
        found = SENTENCE_END.split(self.text)
        return [part for each in found for part in ENUMERATION.split(each)] if self.may_enumerate else found


def markdown_prose(*, without: tuple[str, ...] = ()) -> Iterator[Piece]:
    """All Markdown pages, except those whose path begins with one of `without`."""
    for path in text_files():
        if path.suffix == ".md" and not str(path).startswith(without or ("\0",)):
            yield from pieces_of_markdown(str(path), lines(path))


def python_prose(*rooms: str) -> Iterator[Piece]:
    """Docstrings and comments of the Python files of some folders."""
    for path in python_files(*rooms):
        yield from _docstrings(path)
        yield from _comments(path)


def pieces_of_markdown(place: str, page: tuple[str, ...]) -> Iterator[Piece]:
    """Paragraphs, headings, list items and table cells of one page."""
    block: list[str] = []
    begin, is_code = 0, False
    for number, line in enumerate((*page, ""), start=1):
        starts_new = not line.strip() or FENCE.match(line) or LIST_MARK.match(line) or line.startswith(("|", "#"))
        if block and (starts_new or is_code):
            yield from _piece(f"{place}:{begin}", block)
            block = []
        if FENCE.match(line):
            is_code = not is_code
        elif is_code or not line.strip() or (not block and INDENTED_CODE.match(line) and not LIST_MARK.match(line)):
            continue
        elif line.startswith("|"):
            yield from _cells(f"{place}:{number}", line)
        else:
            begin = begin if block else number
            block.append(line)


def plain(text: str) -> str:
    """Prose without markup, code, links and quotations."""
    for pattern, replacement in REPLACED:
        text = pattern.sub(replacement, text)
    return " ".join(text.split())


def _piece(place: str, block: list[str]) -> Iterator[Piece]:
    is_item = LIST_MARK.match(block[0]) is not None
    text = LIST_MARK.sub("", block[0]).lstrip("#> ") + "\n" + "\n".join(block[1:])
    yield Piece(place=place, text=plain(text), may_enumerate=is_item)


def _cells(place: str, row: str) -> Iterator[Piece]:
    if TABLE_RULE.match(row):
        return
    for cell in plain(row).strip("| ").split("|"):
        if cell.strip():
            yield Piece(place=place, text=cell.strip(), may_enumerate=True)


def _docstrings(path: Path) -> Iterator[Piece]:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree(path)):
        if isinstance(node, kinds) and (text := ast.get_docstring(node)):
            place = f"{path}:{node.body[0].lineno}"
            yield from (Piece(place=place, text=plain(each)) for each in re.split(r"\n\s*\n", text))


def _comments(path: Path) -> Iterator[Piece]:
    """Comments; whole-line comments on consecutive lines are one piece."""
    begin, last, said = 0, -1, ""
    for token in tokenize.generate_tokens(io.StringIO((ROOT / path).read_text()).readline):
        if token.type != tokenize.COMMENT or token.string.startswith(("#!", "# noqa", "# type:")):
            continue
        number, text = token.start[0], token.string.lstrip("# ")
        if number == last + 1:
            said += f" {text}"
        else:
            if said:
                yield Piece(place=f"{path}:{begin}", text=plain(said))
            begin, said = number, text
        last = number
    if said:
        yield Piece(place=f"{path}:{begin}", text=plain(said))
