"""The two chain stores, each under the same contract; DynamoDB also with as little in each answer as it may give.

Two stand-ins of DynamoDB answer, so that what one of them gets wrong is seen: moto, and the small one of the rehearsal.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from moto import mock_aws

from rehearsal.small_dynamodb import SmallDynamoDb, boto3_client, light_client
from secondhop.adapters.dynamodb_chains import DynamoDbChains
from secondhop.adapters.memory_chains import MemoryChains
from secondhop.application.ports import ChainStore, Unreadable
from secondhop.domain.chain import Chain
from tests.minimal_answers import MinimalAnswers


class _Loose(yaml.SafeLoader):
    """Reads a template without knowing CloudFormation's short forms."""


_Loose.add_multi_constructor("!", lambda loader, suffix, node: {suffix: getattr(node, "value", None)})


def table_of_the_template() -> dict[str, Any]:
    template = Path(__file__).parents[2] / "template.yaml"
    resources = yaml.load(template.read_text(encoding="utf-8"), Loader=_Loose)["Resources"]
    (properties,) = [each["Properties"] for each in resources.values() if each["Type"] == "AWS::DynamoDB::Table"]
    names = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")
    return {name: properties[name] for name in names}


@contextmanager
def moto_client() -> Iterator[Any]:
    """A boto3 client of moto, with the template's table."""
    with mock_aws():
        client = boto3.client(
            "dynamodb", region_name="eu-west-1", aws_access_key_id="testing", aws_secret_access_key="testing"
        )
        yield with_the_table(client)


@contextmanager
def small_client() -> Iterator[Any]:
    """A boto3 client of the small DynamoDB, with the template's table."""
    yield with_the_table(boto3_client(SmallDynamoDb()))


@contextmanager
def light_small_client() -> Iterator[Any]:
    """The same table, without boto3."""
    yield with_the_table(light_client(SmallDynamoDb()))


def with_the_table(client: Any) -> Any:
    client.create_table(TableName="chains", **table_of_the_template())
    return client


DYNAMODBS = {"moto": moto_client, "small dynamodb": small_client}
CLIENTS = {**DYNAMODBS, "small dynamodb, light client": light_small_client}


@pytest.fixture(scope="module")
def opened_once() -> Iterator[dict[str, Any]]:
    """All clients by their names. It takes long to open moto's."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(opened()) for name, opened in CLIENTS.items()}


@pytest.fixture
def clients(opened_once: dict[str, Any]) -> dict[str, Any]:
    """The same clients with empty tables."""
    for client in opened_once.values():
        emptied(client)
    return opened_once


def emptied(client: Any) -> None:
    """Delete all items of the table."""
    for item in client.scan(TableName="chains")["Items"]:
        client.delete_item(TableName="chains", Key={name: item[name] for name in ("pk", "sk")})


@pytest.fixture(params=CLIENTS)
def client(clients: dict[str, Any], request: pytest.FixtureRequest) -> Any:
    """A client of a DynamoDB with the template's table."""
    return clients[request.param]


@pytest.fixture(params=[name for name in CLIENTS if name != "moto"])
def small(clients: dict[str, Any], request: pytest.FixtureRequest) -> Any:
    """A client of the small DynamoDB."""
    return clients[request.param]


@pytest.fixture
def table(client: Any) -> tuple[DynamoDbChains, Any]:
    """A chain store in a table, and the client of the table."""
    return DynamoDbChains(client, "chains"), client


@pytest.fixture(params=["memory", *CLIENTS, *(f"{name} with minimal answers" for name in DYNAMODBS)])
def store(request: pytest.FixtureRequest) -> ChainStore:
    if request.param == "memory":
        return MemoryChains()
    name = request.param.removesuffix(" with minimal answers")
    client = request.getfixturevalue("clients")[name]
    return DynamoDbChains(client if name == request.param else MinimalAnswers(client), "chains")


def date_of(found: Chain | Unreadable) -> datetime:
    """The date of a chain's backup; its item has to be readable."""
    assert isinstance(found, Chain)
    return found.created_at
