"""Reads and writes requests and answers by botocore's own models: REST-JSON, JSON and query with XML.

One parser for all operations of all services: the model defines the place and the type of each member.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote
from xml.sax.saxutils import escape

from botocore.session import get_session

from backup_simulator.errors import NotModelled

PROTOCOLS = {
    "backup": "rest-json",
    "events": "json",
    "iam": "query",
    "kms": "json",
    "organizations": "json",
    "rds": "query",
    "service-quotas": "json",
    "sns": "query",
    "sqs": "json",
    "sts": "query",
}
# Services that are not modelled. Their requests are no forms, and their clients read errors as XML.
REST_XML = ("cloudfront", "route53", "s3control")
CONTENT = {"rest-json": "application/json", "json": "application/x-amz-json-1.0", "query": "text/xml"}


@cache
def model_of(service: str) -> Any:
    """The service's model. Raises NotModelled."""
    if service not in PROTOCOLS:
        raise NotModelled(f"{service} is not modelled")
    return get_session().get_service_model(service)


def read(service: str, method: str, target: str, headers: Mapping[str, str], body: bytes) -> tuple[str, dict[str, Any]]:
    """Operation and parameters of an HTTP request. Raises NotModelled."""
    path, _, query = target.partition("?")
    match PROTOCOLS.get(service):
        case "rest-json":
            return _read_rest(service, method, path, parse_qs(query, keep_blank_values=True), body)
        case "json":
            operation = headers.get("X-Amz-Target", "").rpartition(".")[2]
            return operation, _typed(_input(service, operation), json.loads(body or b"{}"))
        case "query":
            form = {name: values[0] for name, values in parse_qs(body.decode(), keep_blank_values=True).items()}
            operation = form.get("Action", "")
            shape = _input(service, operation)
            return operation, {} if shape is None else _from_form(shape, form, "")
    raise NotModelled(f"{service} is not modelled")


def _input(service: str, operation: str) -> Any:
    if operation not in model_of(service).operation_names:
        raise NotModelled(f"{service}:{operation} does not exist")
    return model_of(service).operation_model(operation).input_shape


@cache
def _routes(service: str) -> list[tuple[str, re.Pattern[str], Any]]:
    found = []
    for name in model_of(service).operation_names:
        operation = model_of(service).operation_model(name)
        path = operation.http["requestUri"].split("?")[0].rstrip("/")
        pattern = re.sub(r"\{(\w+)\+?\}", r"(?P<\1>[^/]+)", path)
        found.append((operation.http["method"], re.compile(pattern + "/?"), operation))
    return found


def _read_rest(
    service: str, method: str, path: str, query: Mapping[str, list[str]], body: bytes
) -> tuple[str, dict[str, Any]]:
    for verb, pattern, operation in _routes(service):
        found = pattern.fullmatch(path) if verb == method else None
        if found is None:
            continue
        shape = operation.input_shape
        if shape is None:
            return operation.name, {}
        given: dict[str, Any] = {name: unquote(value) for name, value in found.groupdict().items()}
        given |= {name: values[0] for name, values in query.items()}
        given |= json.loads(body) if body else {}
        named = {member.serialization.get("name", name): name for name, member in shape.members.items()}
        known = {named[name]: value for name, value in given.items() if name in named}
        return operation.name, {name: _typed(shape.members[name], value) for name, value in known.items()}
    raise NotModelled(f"no operation of {service} answers {method} {path}")


def _typed(shape: Any, value: Any) -> Any:
    """A JSON value, or the text of a query, in the type that boto3 would return."""
    if shape is None or value is None:
        return value
    match shape.type_name:
        case "structure":
            return {name: _typed(shape.members[name], each) for name, each in value.items() if name in shape.members}
        case "list":
            return [_typed(shape.member, each) for each in value]
        case "map":
            return {name: _typed(shape.value, each) for name, each in value.items()}
        case "timestamp":
            return _moment(value)
        case "integer" | "long":
            return int(value)
        case "boolean":
            return value if isinstance(value, bool) else value == "true"
    return value


def _moment(value: Any) -> datetime:
    if isinstance(value, int | float) or value.replace(".", "", 1).isdigit():
        return datetime.fromtimestamp(float(value), UTC)
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _from_form(shape: Any, form: Mapping[str, str], prefix: str) -> Any:
    """The values with a prefix in a query-protocol form; None if there are none."""
    if not any(name == prefix or name.startswith(f"{prefix}." if prefix else "") for name in form):
        return None
    match shape.type_name:
        case "structure":
            dotted = f"{prefix}." if prefix else ""
            found = {
                name: _from_form(member, form, dotted + member.serialization.get("name", name))
                for name, member in shape.members.items()
            }
            return {name: value for name, value in found.items() if value is not None}
        case "list":
            return list(_numbered(shape.member, form, f"{prefix}.{shape.member.serialization.get('name', 'member')}"))
        case "map":
            key, value = (
                each.serialization.get("name", word) for each, word in ((shape.key, "key"), (shape.value, "value"))
            )
            names = list(_numbered(shape.key, form, f"{prefix}.entry", key))
            return dict(zip(names, _numbered(shape.value, form, f"{prefix}.entry", value), strict=True))
    return _typed(shape, form.get(prefix))


def _numbered(shape: Any, form: Mapping[str, str], prefix: str, suffix: str = "") -> Iterator[Any]:
    number = 1
    while True:
        found = _from_form(shape, form, f"{prefix}.{number}" + (f".{suffix}" if suffix else ""))
        if found is None:
            return
        yield found
        number += 1


def write(service: str, operation: str, answer: dict[str, Any]) -> tuple[str, bytes]:
    """Content type and body of an answer."""
    protocol = PROTOCOLS[service]
    shape = model_of(service).operation_model(operation).output_shape
    if protocol != "query":
        return CONTENT[protocol], json.dumps(_plain(answer)).encode()
    inner = _xml(shape, answer) if shape is not None else ""
    text = f"<{operation}Response><{operation}Result>{inner}</{operation}Result></{operation}Response>"
    return CONTENT[protocol], text.encode()


def _plain(value: Any) -> Any:
    """JSON's types: moments are seconds since 1970."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _xml(shape: Any, value: Any) -> str:
    if shape.type_name == "structure":
        return "".join(_element(name, shape.members[name], each) for name, each in value.items())
    if shape.type_name == "list":
        return "".join(_element("member", shape.member, each) for each in value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")[:19] + "Z"
    return escape(str(value))


def _element(name: str, shape: Any, value: Any) -> str:
    tag = shape.serialization.get("name", name)
    return f"<{tag}>{_xml(shape, value)}</{tag}>"


def write_error(service: str, code: str, message: str, *, is_form: bool = False) -> tuple[str, bytes]:
    """Content type and body of an error, in the protocol of the request: XML for forms and for REST with XML."""
    details = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if service == "s3":
        return CONTENT["query"], f"<Error>{details}</Error>".encode()
    if service == "ec2":
        return CONTENT["query"], f"<Response><Errors><Error>{details}</Error></Errors></Response>".encode()
    is_xml = PROTOCOLS[service] == "query" if service in PROTOCOLS else is_form or service in REST_XML
    if is_xml:
        error = f"<Error><Type>Sender</Type>{details}</Error>"
        return CONTENT["query"], f"<ErrorResponse>{error}</ErrorResponse>".encode()
    return "application/json", json.dumps(
        {"__type": code, "Code": code, "Message": message, "message": message}
    ).encode()
