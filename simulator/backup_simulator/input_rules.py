"""What AWS Backup's model requires of a request, beyond what boto3 checks: patterns and enumerations.

The rules come from botocore's own model. boto3 refuses missing parameters and wrong types before the call. Over HTTP
the same validator runs, with the service's errors.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

from botocore.validate import ParamValidator

from backup_simulator.errors import NotModelled, Refused
from backup_simulator.wire import model_of

INVALID, MISSING = "InvalidParameterValueException", "MissingParameterValueException"
Rule = Callable[[Any], object]


def check(operation: str, request: Mapping[str, Any]) -> None:
    """Raises Refused for a value outside of its enumeration or pattern.

    Raises NotModelled for jobs of all accounts: the pages allow "*" to a management account, the model's pattern does
    not.
    """
    if request.get("ByAccountId") == "*":
        raise NotModelled(f"{operation} with ByAccountId * is not modelled")
    for name, rule in _rules(operation):
        if name in request and not rule(request[name]):
            raise Refused(INVALID, f"Invalid value for {name}: {request[name]}")


@cache
def _rules(operation: str) -> tuple[tuple[str, Rule], ...]:
    shape = model_of("backup").operation_model(operation).input_shape
    found: list[tuple[str, Rule]] = []
    for name, member in shape.members.items() if shape is not None else ():
        if most := member.metadata.get("max"):
            found.append((name, partial(operator.ge, most)))
        if member.type_name != "string":
            continue
        if enum := getattr(member, "enum", ()):
            found.append((name, frozenset(enum).__contains__))
        elif pattern := member.metadata.get("pattern"):
            found.append((name, re.compile(pattern).fullmatch))
    return tuple(found)


def check_as_boto3(service: str, operation: str, request: Mapping[str, Any]) -> None:
    """The checks of boto3 before a call, for callers without boto3. Raises Refused."""
    shape = model_of(service).operation_model(operation).input_shape
    report = ParamValidator().validate(request, shape) if shape is not None else None
    if report is None or not report.has_errors():
        return
    text = " ".join(report.generate_report().split())
    if service != "backup":
        raise Refused("ValidationError", text)
    raise Refused(MISSING if text.startswith("Missing") else INVALID, text)
