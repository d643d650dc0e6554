"""What people read is plain English: short sentences, and the standard words of the field."""

import re
from collections.abc import Iterable, Iterator

import pytest

from tests.tidy.prose import Piece, markdown_prose, pieces_of_markdown, python_prose

LONGEST_SENTENCE = 30
# A word or phrase of a private idiom, and what to write instead.
IDIOMS = (
    (r"mend(s|ed|ing)?", "fix"),
    (r"(is|are|was|were|be|been) told (of|about|to|that|when|once|again|alike)", "notify, or: the message says"),
    (r"told", "notified, said, or reported"),
    (r"tell(s|ing)?", "say, notify, show, or distinguish"),
    (r"who(m)?ever", "anyone who, or: the person who"),
    (r"whom", "who, or a second sentence"),
    (r"whose", "a second sentence, or: with"),
    (r"of which", "a second sentence, or: that"),
    (r"(nobody|none) but", "only"),
    (r"nobody", "no one, or: does not"),
    (r"somebody|everybody|anybody", "a person, someone, or everyone"),
    (r"he|his|him|himself", "they, their, them, or: you"),
    (r"anew", "again"),
    (r"owe(s|d)?|debts?", "is missing, or: must still send"),
    (r"judge[sd]?|judging|judgement", "check, or decide"),
    (r"bury|buries|buried", "send to the dead-letter queue"),
    (r"haste", "speed"),
    (r"deeds?", "action"),
    (r"mishaps?", "fault"),
    (r"aftermath", "after the run"),
    (r"goes?|going|gone|went", "is deleted, is not found, continues, or runs"),
    (r"(stand|stood)s? (in|there|still|alone|behind|beside|under|by|for|as)", "is in, exists, or remains"),
    (r"stands", "is, exists, or remains"),
    (r"hence|thereof|lest|whence|thereby", "so"),
    (r"alike", "the same way"),
    (r"by itself alone|hears? of", "gets a notification about"),
    (r"is brought|be brought|brought instead", "existing"),
    (r"beforehand", "before"),
    (r"as young as|fit for", "a plain fact"),
    (r"rooms?", "package, or folder"),
    (r"doors?", "entry point, or import direction"),
    (r"(tried|tries|try|trying) again", "retry"),
)
SEARCHED = [(re.compile(rf"(?<![\w-])({pattern})(?![\w-])", re.IGNORECASE), instead) for pattern, instead in IDIOMS]


# The folders with checked docstrings and comments.
CHECKED = ("rehearsal", "local_cloud", "simulator", "cli", "layers", "functions")


def prose() -> Iterator[Piece]:
    """All prose that is checked."""
    yield from markdown_prose()
    yield from python_prose(*CHECKED)


def too_long(pieces: Iterable[Piece]) -> Iterator[str]:
    for piece in pieces:
        for sentence in piece.sentences:
            words = [each for each in sentence.split() if re.search(r"\w", each)]
            if len(words) > LONGEST_SENTENCE:
                yield f"{piece.place}: {len(words)} words: {sentence}"


def idiomatic(pieces: Iterable[Piece]) -> Iterator[str]:
    for piece in pieces:
        for pattern, instead in SEARCHED:
            for found in pattern.finditer(piece.text):
                yield f'{piece.place}: "{found[0]}" -> {instead}'


def test_no_sentence_is_longer_than_thirty_words() -> None:
    assert list(too_long(prose())) == []


def test_no_page_uses_a_word_of_the_private_idiom() -> None:
    assert list(idiomatic(prose())) == []


BAD = """# A heading

{long}

| cell | one; two |
|---|---|
| {long} | short |

- {long}
- Whoever mends it is told of it, and nobody judges his haste.

    whoever is in indented code
```
nobody is in fenced code
```
The code `nobody`, the [link](whoever.md) and the quotation "nobody" are not prose. Short. Short.
"""
LONG = "word " * 31


def bad_page() -> list[Piece]:
    return list(pieces_of_markdown("bad.md", tuple(BAD.format(long=LONG.strip() + ".").splitlines())))


def test_the_checker_finds_long_sentences_in_paragraphs_cells_and_items() -> None:
    assert [each.split(": ")[:2] for each in too_long(bad_page())] == [
        ["bad.md:3", "31 words"],
        ["bad.md:7", "31 words"],
        ["bad.md:9", "31 words"],
    ]


def test_the_checker_finds_each_idiom_once_with_its_replacement_and_none_in_code() -> None:
    found = list(idiomatic(bad_page()))

    assert {each.split('"')[1] for each in found} == {
        "Whoever",
        "mends",
        "is told of",
        "told",
        "nobody",
        "judges",
        "his",
        "haste",
    }
    assert 'bad.md:10: "mends" -> fix' in found
    assert {each.split(": ")[0] for each in found} == {"bad.md:10"}


@pytest.mark.parametrize("count", [30, 31])
def test_thirty_words_are_allowed_and_one_more_is_not(count: int) -> None:
    piece = Piece(place="here", text="word " * count)

    assert bool(list(too_long([piece]))) is (count > LONGEST_SENTENCE)


def test_docstrings_and_comments_can_be_checked_in_the_same_way() -> None:
    pieces = list(python_prose("tests/tidy"))

    assert {each.place.split(":")[0] for each in pieces} >= {"tests/tidy/prose.py", "tests/tidy/test_plain_words.py"}
    assert any("short sentences, and the standard words" in each.text for each in pieces)
    assert any("In this order: code first" in each.text for each in pieces)
