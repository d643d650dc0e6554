"""init, the doctor, the functions and the templates take the same texts for Regions, in every partition."""

from __future__ import annotations

import re
from pathlib import Path

import boto3
import pytest

from rehearsal.template import read_template
from secondhop.adapters.environment import REGION
from secondhop_cli.regions import partition_of, region_problem

ROOT = Path(__file__).parents[2]
SESSION = boto3.Session()
REGIONS = [
    region
    for partition in SESSION.get_available_partitions()
    for region in SESSION.get_available_regions("backup", partition)
]
TEMPLATES = {
    path: read_template(ROOT / path)["Parameters"]["DrRegion"]["AllowedPattern"]
    for path in ("template.yaml", "stacks/backup-account.yaml")
}


def is_taken(pattern: str, text: str) -> bool:
    return re.fullmatch(pattern, text) is not None


def test_the_regions_of_every_partition_are_among_those_that_are_tried() -> None:
    assert {"eu-west-1", "cn-north-1", "us-gov-west-1", "eusc-de-east-1", "us-iso-east-1"} <= set(REGIONS)


@pytest.mark.parametrize("pattern", [REGION.pattern, *TEMPLATES.values()], ids=["functions and doctor", *TEMPLATES])
def test_every_region_of_aws_backup_is_accepted_and_a_name_or_an_endpoint_is_not(pattern: str) -> None:
    assert [region for region in REGIONS if not is_taken(pattern, region)] == []
    assert [text for text in ("Frankfurt", "eu-central", "eu-central-1a", "") if is_taken(pattern, text)] == []


def test_init_knows_the_partition_of_every_region() -> None:
    assert [region for region in REGIONS if partition_of(region) is None] == []


def test_the_commands_refuse_no_region_of_any_partition() -> None:
    assert [region for region in REGIONS if region_problem("--region", region, accepts_unknown=False)] == []
