"""What AWS refuses when a policy is put: a document outside of IAM's grammar. What is not modelled is refused by name.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html. So a policy that was put can always be
evaluated. Identity policies name no principal, trust policies name no resource, and all others need both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

from backup_simulator.conditions import as_list, check_condition, check_variables
from backup_simulator.errors import NotModelled, Refused

VERSIONS = ("2012-10-17", "2008-10-17")
ELEMENTS = {"Version", "Id", "Statement"}
OF_STATEMENTS = {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction"} | {
    "Resource",
    "NotResource",
    "Condition",
}
PRINCIPALS = {"AWS", "Service", "Federated", "CanonicalUser"}
ACTION = re.compile(r"\*|[\w*-]+:[\w*?-]+")
RESOURCE = re.compile(r"\*|arn:.+", re.DOTALL)
# An account, "*", the unique id of a deleted identity, or the ARN of an identity.
IDENTITY = re.compile(r"\*|\d{12}|A[A-Z0-9]{15,}|arn:[\w-]+:(iam|sts)::\d{12}:[^*?]+")


class Kind(Enum):
    """The kinds of policies, by what their statements may name: principals, resources."""

    IDENTITY = (False, True)
    TRUST = (True, False)
    RESOURCE = (True, True)


class _MalformedError(ValueError):
    """The document is outside of the grammar. The message says where."""


def read_policy(text: str, kind: Kind, code: str) -> dict[str, Any]:
    """The document of a text. Raises Refused with this code, NotModelled."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise Refused(code, "The policy is malformed: it is no JSON.") from error
    check_policy(document, kind, code)
    return dict(document)


def check_policy(document: Any, kind: Kind, code: str) -> None:
    """Raises Refused with this code for a document that AWS would refuse, NotModelled for what is not known here."""
    try:
        for statement in _statements(document):
            _check_statement(statement, kind)
            check_condition(statement.get("Condition", {}), variables=document.get("Version") == VERSIONS[0])
            if document.get("Version") == VERSIONS[0]:
                check_variables(as_list(statement.get("Resource", statement.get("NotResource", []))))
    except (ValueError, OverflowError) as error:
        raise Refused(code, f"The policy is malformed: {error}") from error


def _statements(document: Any) -> Iterator[Mapping[str, Any]]:
    if not isinstance(document, Mapping) or document.keys() - ELEMENTS or "Statement" not in document:
        raise _MalformedError("it is an object with Statement, and at most Version and Id.")
    if document.get("Version", VERSIONS[0]) not in VERSIONS:
        raise _MalformedError(f"Version is one of {', '.join(VERSIONS)}.")
    for statement in as_list(document["Statement"]):
        if not isinstance(statement, Mapping):
            raise _MalformedError("a statement is an object.")
        yield statement


def _check_statement(statement: Mapping[str, Any], kind: Kind) -> None:
    if unknown := sorted(statement.keys() - OF_STATEMENTS):
        raise _MalformedError(f"a statement has no element {', '.join(unknown)}.")
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise _MalformedError("Effect is Allow or Deny.")
    if not isinstance(statement.get("Sid", ""), str):
        raise _MalformedError("Sid is a text.")
    names_principals, names_resources = kind.value
    _check_texts(statement, "Action", ACTION, is_needed=True)
    _check_texts(statement, "Resource", RESOURCE, is_needed=names_resources)
    named = _one_of(statement, "Principal", is_needed=names_principals)
    if named is not None:
        _check_principal(statement[named])


def _one_of(statement: Mapping[str, Any], element: str, *, is_needed: bool) -> str | None:
    """The name under which an element or its inverse is there, once."""
    found = [name for name in (element, f"Not{element}") if name in statement]
    if len(found) != is_needed:
        raise _MalformedError(
            f"a statement has {'one' if is_needed else 'neither'} of {element} and Not{element} here."
        )
    return found[0] if found else None


def _check_texts(statement: Mapping[str, Any], element: str, form: re.Pattern[str], *, is_needed: bool) -> None:
    name = _one_of(statement, element, is_needed=is_needed)
    texts = as_list(statement[name]) if name is not None else ["*"]
    if not texts or not all(isinstance(each, str) and form.fullmatch(each) for each in texts):
        raise _MalformedError(f"{name} has a value that is none: {json.dumps(statement.get(name or ''))}.")


def _check_principal(named: Any) -> None:
    if named == "*":
        return
    if not isinstance(named, Mapping) or not named or named.keys() - PRINCIPALS:
        raise _MalformedError(f'a principal is "*", or an object with {", ".join(sorted(PRINCIPALS))}.')
    for kind, names in named.items():
        for each in as_list(names):
            if not isinstance(each, str) or (kind == "AWS" and not IDENTITY.fullmatch(each)):
                raise _MalformedError(f"invalid principal: {json.dumps(each)}.")
            if kind == "AWS" and ":assumed-role/" in each:
                raise NotModelled(f"sessions as principals are not modelled: {each}")
