"""Every operator, quantifier and ending of a condition, with and without its key: as the simulated AWS evaluates it."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from backup_simulator.conditions import hold
from secondhop_cli.doctor.conditions import Truth, condition_is_met

PLAIN = (
    "StringEquals",
    "StringNotEquals",
    "StringLike",
    "StringNotLike",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "ArnLike",
    "ArnNotLike",
    "ArnEquals",
    "ArnNotEquals",
    "Bool",
    "Null",
)
ROLE, OTHER = "arn:aws:iam::111122223333:role/secondhop/actor", "arn:aws:iam::444455556666:role/secondhop/actor"
CONTEXT: dict[str, Any] = {"a:Text": "shop", "a:Arn": ROLE, "a:Flag": "true", "a:Many": ("shop", ROLE, "true")}
ABSENT = ("a:Gone",)
WANTED: tuple[Any, ...] = (
    "shop",
    "SHOP",
    "sh*",
    ROLE,
    OTHER,
    "arn:aws:iam::*:role/*",
    "arn:aws:*",
    "true",
    "false",
    "*",
)
LISTS: tuple[Any, ...] = (*WANTED, ["shop", "true"], [OTHER, "x"], [ROLE, "shop", "true"])


@pytest.mark.parametrize("quantifier", ["", "ForAnyValue:", "ForAllValues:"])
@pytest.mark.parametrize("plain", PLAIN)
def test_an_operator_means_what_aws_means_by_it(plain: str, quantifier: str) -> None:
    if plain == "Null" and quantifier:
        quantifier = ""
    for ending, key, wanted in product(("", "IfExists"), (*CONTEXT, *ABSENT, "A:TEXT"), LISTS):
        operator = f"{quantifier}{plain}" + (ending if plain != "Null" else "")
        condition = {operator: {key: "true" if plain == "Null" else wanted}}

        done = hold(condition, CONTEXT, variables=True)

        assert condition_is_met(condition, CONTEXT, ABSENT) is Truth.of(done), (operator, key, wanted)


@pytest.mark.parametrize(
    "operator", ["NumericLessThan", "DateGreaterThan", "IpAddress", "BinaryEquals", "StringLikely"]
)
def test_an_operator_that_is_not_known_is_unclear(operator: str) -> None:
    assert condition_is_met({operator: {"a:Text": "1"}}, CONTEXT, ABSENT) is Truth.UNCLEAR


def test_a_policy_variable_and_an_unknown_key_are_unclear() -> None:
    assert condition_is_met({"StringEquals": {"a:Text": "${aws:username}"}}, CONTEXT, ABSENT) is Truth.UNCLEAR
    assert condition_is_met({"StringEquals": {"a:New": "x"}}, CONTEXT, ABSENT) is Truth.UNCLEAR


def test_what_is_not_met_outweighs_what_is_unclear() -> None:
    condition = {"StringEquals": {"a:New": "x", "a:Text": "another"}}

    assert condition_is_met(condition, CONTEXT, ABSENT) is Truth.NO
