"""init says before the deployment which copies AWS Backup does not make between the chosen Regions."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.installing import GOOD, Checkout


def warned(tmp_path: Path, types: str = "", **changes: str) -> str:
    """What init warns about. It accepts the answers."""
    checkout = Checkout(tmp_path)
    if types:
        parameters = f"[default.deploy.parameters]\nparameter_overrides = 'ResourceTypes={types}'\n"
        (tmp_path / "samconfig.toml").write_text(parameters)
    run = checkout.init({**GOOD, **changes})
    assert run.code == 0
    return "\n".join(run.complaints)


# https://docs.aws.amazon.com/aws-backup/latest/devguide/backup-feature-availability.html
@pytest.mark.parametrize(
    ("regions", "types", "words"),
    [
        (
            ("eu-west-1", "eu-south-1"),
            "",
            "Neptune is not copied from 444455556666/eu-west-1 to 4444",
        ),
        (("af-south-1", "eu-west-1"), "Neptune", "not to or from other accounts in af-south-1"),
        (
            ("cn-north-1", "cn-northwest-1"),
            "",
            "other rules for cross-account copies and cross-Region copies",
        ),
        (("us-gov-west-1", "us-gov-east-1"), "RDS", "between these two Regions only"),
    ],
)
def test_copies_that_aws_does_not_make_are_a_warning(
    regions: tuple[str, str], types: str, words: str, tmp_path: Path
) -> None:
    partition = {"cn": "aws-cn", "us": "aws-us-gov"}.get(regions[0][:2], "aws")
    administrator = GOOD["administrator"].replace("arn:aws:", f"arn:{partition}:")

    said = warned(tmp_path, types, region=regions[0], dr_region=regions[1], administrator=administrator)

    assert words in said


@pytest.mark.parametrize("types", ["", "RDS,Aurora"])
def test_copies_that_aws_makes_are_no_warning(types: str, tmp_path: Path) -> None:
    assert warned(tmp_path, types) == ""


def test_a_type_that_the_installation_leaves_out_is_no_warning(tmp_path: Path) -> None:
    assert warned(tmp_path, "RDS,Aurora,DocumentDB", dr_region="eu-south-1") == ""
