"""secondhop init with bad input: every problem at once, and nothing is written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.installing import BACKUP, GOOD, HUB, NEIGHBOUR, ROOT, WORKLOAD, Checkout


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


BAD = [
    ({"dr_region": "eu-west-1"}, "--dr-region is eu-west-1, the same as --region"),
    ({"backup_account": "44445555666"}, "--backup-account is '44445555666'"),
    ({"workload_accounts": "11112222333"}, "--workload-accounts has '11112222333'"),
    ({"workload_accounts": BACKUP}, "--workload-accounts has the backup account"),
    ({"workload_accounts": f"{WORKLOAD},{NEIGHBOUR}"}, "the workload topology has one main stack"),
    ({**HUB, "workload_accounts": f"{WORKLOAD},{WORKLOAD}"}, f"has {WORKLOAD} more than once"),
    ({"dr_region": "cn-north-1"}, "--dr-region cn-north-1 is in the partition aws-cn"),
    ({"dr_region": "us-gov-west-1"}, "--dr-region us-gov-west-1 is in the partition aws-us-gov"),
    ({"region": "Frankfurt"}, "--region is 'Frankfurt'"),
    ({"dr_region": "eu-central-1a"}, "--dr-region is 'eu-central-1a'"),
    ({"organization": "exampleorgid"}, "--organization is 'exampleorgid'"),
    ({"organization": "o-*"}, "--organization is 'o-*'"),
    ({"retention_days": "3"}, "--retention-days is 3, outside the lock's range from 7 to 365"),
    ({"retention_days": "366"}, "--retention-days is 366, outside the lock's range from 7 to 365"),
    ({"lock_minimum_days": "400"}, "--lock-minimum-days is 400, more than --lock-maximum-days, 365"),
    ({"installations_sharing": "0"}, "--installations-sharing is '0'; it should be a number of main stacks"),
    ({"installations_sharing": "two"}, "--installations-sharing is 'two'; it should be a number of main stacks"),
    ({"installations_sharing": "02"}, "--installations-sharing is '02'; it should be a number of main stacks"),
    ({"installations_sharing": "6"}, "at most 5 main stacks can share it. Use --topology hub: one main stack in the"),
    ({"retention_days": "a month"}, "--retention-days is 'a month'"),
    ({"retention_days": "-1"}, "--retention-days is '-1'"),
    ({"retention_days": "1", "lock_minimum_days": "1"}, "--retention-days is 1; a copy that takes hours"),
    ({"lock_maximum_days": "36501"}, "--lock-maximum-days is '36501'"),
    ({"administrator": "*"}, "--administrator is '*'"),
    ({"administrator": f"arn:aws:iam::{BACKUP}:role/**"}, "--administrator is"),
    ({"administrator": f"arn:aws:iam::{WORKLOAD}:role/administrator"}, "--administrator is"),
    ({"administrator": f"arn:aws-cn:iam::{BACKUP}:role/administrator"}, "--administrator is"),
    ({"administrator": f"arn:aws:iam::{BACKUP}:user/administrator"}, "--administrator is"),
    (
        {"administrator": f"arn:aws:iam::{BACKUP}:role/AWSReservedSSO_Admin_0123"},
        "aws iam get-role --role-name AWSReservedSSO_Admin_0123 --query Role.Arn --output text",
    ),
    (
        {"administrator": f"arn:aws:iam::{BACKUP}:role/AWSReservedSSO_Admin_*"},
        f"use 'arn:aws:iam::{BACKUP}:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_Admin_*'",
    ),
    (
        {"administrator": f"arn:aws:iam::{BACKUP}:role/aws-reserved/AWSReservedSSO_Admin_0123"},
        "aws iam get-role --role-name AWSReservedSSO_Admin_0123 --query Role.Arn --output text",
    ),
    (
        {"administrator": f"arn:aws:iam::{BACKUP}:role/aws-reserved/AWSReservedSSO_Admin_*"},
        f"use 'arn:aws:iam::{BACKUP}:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_Admin_*'",
    ),
    ({"administrator": f"arn:aws:iam::{BACKUP}:role/sso/AWSReservedSSO_Admin_0123"}, "without the path of roles of"),
    ({"administrator": f"arn:aws:iam::{BACKUP}:role/*"}, "--administrator is"),
    ({"topology": "spokes"}, "--topology is 'spokes'"),
    ({"vault_lock": "none"}, "--vault-lock is 'none'; it should be governance, compliance or off"),
    ({"watched_vault": "Default"}, "--watched-vault is the vault Default"),
    ({"dr_vault": "arn:aws:backup:eu-central-1:444455556666:backup-vault:dr"}, "--dr-vault is"),
    ({"external_id": "short"}, "--external-id is 'short'"),
    ({"email": "nobody"}, "--email is 'nobody'"),
    ({"stack_name": "2nd hop"}, "--stack-name is '2nd hop'"),
    ({"dr_key_arn": "arn:aws:kms:eu-west-1:444455556666:key/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"}, "--dr-key-arn is"),
    ({"dr_key_arn": "None"}, "--dr-key-arn is 'None'"),
    ({"dr_key_arn": ""}, "--dr-key-arn is empty. Deploy the stack"),
    ({"copy_role_arn": f"arn:aws:iam::{WORKLOAD}:role/copy"}, "--copy-role-arn is"),
    ({"first_hop_role_arn": f"arn:aws:iam::{BACKUP}:role/backup"}, "--first-hop-role-arn is"),
    ({**HUB, "operator_role_arn": f"arn:aws:iam::{BACKUP}:role/operator"}, "a hub uses its own roles"),
]


@pytest.mark.parametrize(("bad", "complaint"), BAD, ids=lambda each: each if isinstance(each, str) else "")
def test_bad_input_is_named_alone_and_nothing_is_written(
    checkout: Checkout, bad: dict[str, str], complaint: str
) -> None:
    before = checkout.texts()
    refused = checkout.init({**GOOD, **bad})

    assert refused.code == 2
    assert len(refused.complaints) == 1
    assert complaint in refused.complaints[0]
    assert checkout.texts() == before
    assert refused.said == ""


def test_all_problems_are_named_at_once(checkout: Checkout) -> None:
    together = {
        "backup_account": "44445555666",
        "dr_region": "eu-west-1",
        "organization": "acme",
        "retention_days": "3",
        "administrator": "",
    }
    refused = checkout.init({**GOOD, **together})

    assert refused.code == 2
    assert refused.complaints[0] == "secondhop init: nothing was written, for 5 reasons:"
    text = "\n".join(refused.complaints)
    for each in ("--backup-account", "--dr-region", "--organization", "--retention-days", "--administrator is missing"):
        assert each in text
    assert not (checkout.folder / "parameters").exists()


def test_where_nobody_can_be_asked_everything_that_is_missing_is_named(checkout: Checkout) -> None:
    refused = checkout.init()

    assert refused.code == 2
    named = [line.split()[0] for line in refused.complaints[1:]]
    assert named == [
        "--backup-account",
        "--workload-accounts",
        "--region",
        "--dr-region",
        "--organization",
        "--administrator",
    ]


@pytest.mark.parametrize(("region", "dr"), [("cn-north-1", "cn-northwest-1"), ("us-gov-west-1", "us-gov-east-1")])
def test_both_regions_of_another_partition_are_accepted(checkout: Checkout, region: str, dr: str) -> None:
    partition = "aws-cn" if region.startswith("cn") else "aws-us-gov"
    administrator = f"arn:{partition}:iam::{BACKUP}:role/administrator"

    assert checkout.init({**GOOD, "region": region, "dr_region": dr, "administrator": administrator}).code == 0


def test_two_files_that_differ_have_to_be_settled_by_a_flag(checkout: Checkout) -> None:
    checkout.init(GOOD)
    checkout.edit("parameters/backup-account.json", "dr-vault", "other-vault")
    before = checkout.texts()
    refused = checkout.init()

    assert refused.code == 2
    assert "--dr-vault is needed, because the files differ" in "".join(refused.complaints)
    assert checkout.texts() == before
    assert checkout.init({"dr_vault": "other-vault"}).code == 0
    assert checkout.parameters("dr-region")["DrVaultName"] == "other-vault"


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("samconfig.toml", "version = ", "samconfig.toml is not valid TOML"),
        (
            "samconfig.toml",
            "[default.deploy.parameters]\nparameter_overrides = 'nonsense here'\n",
            "parameter_overrides should be a string of Key=Value",
        ),
        ("parameters/dr-region.json", "{", "parameters/dr-region.json is not a JSON list"),
        ("parameters/workload.json", '{"Parameters": {}}', "parameters/workload.json is not a JSON list"),
        ("parameters/workload.json", '["BackupAccountId"]', "parameters/workload.json is not a JSON list"),
        ("parameters/workload.json", "[1]", "parameters/workload.json is not a JSON list"),
    ],
)
def test_a_file_that_cannot_be_understood_is_left_as_it_is(
    checkout: Checkout, name: str, text: str, complaint: str
) -> None:
    checkout.init(GOOD)
    (checkout.folder / name).write_text(text)
    before = checkout.texts()
    refused = checkout.init(GOOD)

    assert refused.code == 2
    assert complaint in refused.complaints[0]
    assert checkout.texts() == before


def test_a_samconfig_in_which_nothing_can_be_put_in_place_is_left_as_it_is(checkout: Checkout) -> None:
    (checkout.folder / "samconfig.toml").write_text('default = {deploy = {parameters = {region = "eu-west-1"}}}\n')
    before = checkout.texts()
    refused = checkout.init(GOOD)

    assert refused.code == 2
    assert "Move the file away" in refused.complaints[0]
    assert checkout.texts() == before


def test_outside_of_a_checkout_nothing_is_written(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    (tmp_path / "template.yaml").unlink()
    refused = checkout.init(GOOD)

    assert refused.code == 2
    assert "is not a checkout of Second Hop" in refused.complaints[0]
    assert not (tmp_path / "parameters").exists()


def test_a_folder_that_cannot_be_written_is_a_failure_with_a_remedy(checkout: Checkout) -> None:
    (checkout.folder / "parameters").write_text("in the way")
    refused = checkout.init(GOOD)

    assert refused.code == 1
    assert "Make the file writable" in refused.complaints[0]


IDENTITY_CENTER = f"arn:aws:iam::{BACKUP}:role/aws-reserved/sso.amazonaws.com"


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("*/AWSReservedSSO_Admin_*", "only roles with a Region in the path"),
        ("eu-west-1/AWSReservedSSO_Admin_*", "only roles with a Region in the path"),
        ("AWSReservedSSO_Admin_*", "only roles without a Region in the path"),
        ("*/other/AWSReservedSSO_Admin_*", "only roles with another path"),
    ],
)
def test_a_pattern_that_matches_one_form_of_identity_centers_paths_is_accepted_with_a_warning(
    checkout: Checkout, pattern: str, words: str
) -> None:
    done = checkout.init({**GOOD, "administrator": f"{IDENTITY_CENTER}/{pattern}"})

    assert done.code == 0
    (warning,) = done.complaints
    assert warning.startswith("secondhop init: warning: --administrator matches")
    assert words in warning
    assert f"'{IDENTITY_CENTER}/*AWSReservedSSO_Admin_*' matches both" in warning


@pytest.mark.parametrize(
    "role",
    [
        "aws-reserved/sso.amazonaws.com/*",
        "aws-reserved/sso.amazonaws.com/*AWSReservedSSO_*",
        "aws-reserved/*",
        "aws-reserved*",
        "deployers/*",
    ],
)
def test_a_pattern_without_a_name_is_accepted_with_a_warning(checkout: Checkout, role: str) -> None:
    done = checkout.init({**GOOD, "administrator": f"arn:aws:iam::{BACKUP}:role/{role}"})

    assert done.code == 0
    (warning,) = done.complaints
    assert warning.startswith("secondhop init: warning: --administrator matches every role with this beginning")


@pytest.mark.parametrize(
    "administrator",
    [
        f"arn:aws:iam::{BACKUP}:role/aws-reserved/*AWSReservedSSO_Admin_*",
        f"{IDENTITY_CENTER}/*AWSReservedSSO_Admin_*",
        f"{IDENTITY_CENTER}/AWSReservedSSO_Admin_0123456789abcdef",
        f"{IDENTITY_CENTER}/eu-west-1/AWSReservedSSO_Admin_0123456789abcdef",
        f"arn:aws:iam::{BACKUP}:role/deploy-*",
    ],
)
def test_a_pattern_for_both_paths_and_a_whole_arn_bring_no_warning(checkout: Checkout, administrator: str) -> None:
    done = checkout.init({**GOOD, "administrator": administrator})

    assert (done.code, done.complaints) == (0, [])


def test_the_pattern_of_the_installation_guide_is_accepted_without_a_warning(checkout: Checkout) -> None:
    (pattern,) = set(re.findall(r"arn:\S+AWSReservedSSO_Admin_\*", (ROOT / "docs/install.md").read_text()))
    done = checkout.init({**GOOD, "administrator": pattern})

    assert (done.code, done.complaints) == (0, [])


@pytest.mark.parametrize("region", ["mars-north-1", "eu-west-9", "eu-centrl-1"])
def test_a_region_that_is_not_known_is_refused_until_it_is_confirmed(checkout: Checkout, region: str) -> None:
    before = checkout.texts()
    refused = checkout.init({**GOOD, "dr_region": region})

    assert (refused.code, checkout.texts()) == (2, before)
    (complaint,) = refused.complaints
    assert f"--dr-region is '{region}', which is in no list of botocore " in complaint
    assert complaint.endswith("add --accept-unknown-region")

    done = checkout.init({**GOOD, "dr_region": region}, accepted=(region,))

    assert done.code == 0
    (warning,) = done.complaints
    assert warning.startswith(f"secondhop init: warning: --dr-region is '{region}', which is in no list of botocore ")
    assert checkout.parameters("backup-account")["DrRegion"] == region
    # What the files have was confirmed before.
    assert checkout.init({"retention_days": "60"}).code == 0


def test_a_mistyped_region_is_refused_with_the_one_that_is_alike(checkout: Checkout) -> None:
    (complaint,) = checkout.init({**GOOD, "dr_region": "eu-centrall-1"}).complaints

    assert "perhaps you mean eu-central-1" in complaint
