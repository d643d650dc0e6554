"""The two chain stores, each under the same contract; DynamoDB also with as little in each answer as it may give."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from moto import mock_aws

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


@pytest.fixture(params=["memory", "dynamodb", "dynamodb with minimal answers"])
def store(request: pytest.FixtureRequest) -> Iterator[ChainStore]:
    if request.param == "memory":
        yield MemoryChains()
        return
    with mock_aws():
        client = boto3.client(
            "dynamodb", region_name="eu-west-1", aws_access_key_id="testing", aws_secret_access_key="testing"
        )
        client.create_table(TableName="chains", **table_of_the_template())
        minimal = request.param == "dynamodb with minimal answers"
        yield DynamoDbChains(MinimalAnswers(client) if minimal else client, "chains")


def date_of(found: Chain | Unreadable) -> datetime:
    """The date of a chain's backup; its item has to be readable."""
    assert isinstance(found, Chain)
    return found.created_at
