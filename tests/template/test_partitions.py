"""Every partition: rendered for China or GovCloud, no ARN of another partition is left."""

import json
import re

import pytest

from tests.template.reading import ALL
from tests.template.rendering import BACKUP, DR, REGIONS, WORKLOAD, render

CHOICES: list[tuple[str, dict[str, str]]] = [(name, {}) for name in ALL] + [
    (BACKUP, {"Topology": "hub"}),
    (DR, {"VaultLock": "off"}),
    (WORKLOAD, {"CreateSelection": "false"}),
]


@pytest.mark.parametrize("partition", REGIONS)
@pytest.mark.parametrize(("name", "given"), CHOICES, ids=str)
def test_every_arn_is_of_the_partition_of_the_stack(name: str, given: dict[str, str], partition: str) -> None:
    rendered = render(name, given, partition=partition)
    text = json.dumps([rendered.resources, rendered.outputs])

    assert set(re.findall(r"arn:([a-z-]+):", text)) == {partition}


@pytest.mark.parametrize("partition", REGIONS)
@pytest.mark.parametrize(("name", "given"), CHOICES, ids=str)
def test_no_region_is_written_into_a_template(name: str, given: dict[str, str], partition: str) -> None:
    rendered = json.dumps(render(name, given, partition=partition).resources)
    regions = set(re.findall(r"\b[a-z]{2}(?:-[a-z]{3,9}){1,2}-\d\b", rendered))

    assert regions <= set(REGIONS[partition])
