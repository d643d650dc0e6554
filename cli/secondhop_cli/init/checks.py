"""Checks the answers, and reports all problems at once, each with the expected value."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator

from secondhop_cli.init.administrator import administrator_problems, administrator_warnings
from secondhop_cli.init.questions import HUB, OUTPUTS, QUESTIONS, WORKLOAD, Answers, accounts_of, is_hub
from secondhop_cli.init.shares import sharing_problems
from secondhop_cli.regions import is_known, partition_of, region_problem, unknown_region

ACCOUNT = re.compile(r"\d{12}")
ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}")
VAULT = re.compile(r"[a-zA-Z0-9_-]{2,50}")
STACK = re.compile(r"[a-zA-Z][a-zA-Z0-9-]{0,99}")
EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{8,128}", re.ASCII)
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
# As in the templates: a wildcard only after at least three other characters.
ADMINISTRATOR = re.compile(r"role/[\w+=,.@/-]{3}[\w+=,.@/*-]{0,573}", re.ASCII)
ROLE = re.compile(r"role/[\w+=,.@/-]{1,576}", re.ASCII)
KEY = re.compile(r"key/[a-z0-9-]{36}")
LONGEST_DAYS = 36500
MOST_ACCOUNTS = 50


def problems_of(answers: Answers, *, accepted: Container[str] = ()) -> list[str]:
    """All problems, in the order of the questions. `accepted` are Regions that may be unknown to botocore."""
    missing = [
        f"{each.flag} is missing: {each.text}" for each in QUESTIONS if each.is_needed and not answers[each.name]
    ]
    return missing + problems_in(answers, accepted=accepted)


def problems_in(some: Answers, *, accepted: Container[str] = ()) -> list[str]:
    """The problems in those answers that are there."""
    answers = {each.name: "" for each in (*QUESTIONS, *OUTPUTS)} | some
    found = (_forms, _accounts, lambda said: _regions(said, accepted), _retention, _arns, sharing_problems)
    return [problem for check in found for problem in check(answers)]


def _forms(answers: Answers) -> Iterator[str]:
    for name, pattern, wanted in (
        ("topology", re.compile(f"{WORKLOAD}|{HUB}"), "workload or hub"),
        ("vault_lock", re.compile("governance|compliance|off"), "governance, compliance or off"),
        ("organization", ORGANIZATION, "the id of an organization, such as o-exampleorgid"),
        ("stack_name", STACK, "a stack's name: a letter, then up to 99 letters, digits and hyphens"),
        ("external_id", EXTERNAL_ID, "8 to 128 characters that STS accepts"),
        ("email", EMAIL, "an e-mail address"),
        ("watched_vault", VAULT, "the name (not the ARN) of a vault"),
        ("dr_vault", VAULT, "the name (not the ARN) of a vault"),
    ):
        value = answers[name]
        if value and not pattern.fullmatch(value):
            yield f"--{name.replace('_', '-')} is {value!r}; it should be {wanted}"
        elif name.endswith("_vault") and value.lower() == "default":
            yield f"--{name.replace('_', '-')} is the vault Default, which cannot receive copies from other accounts"


def _accounts(answers: Answers) -> Iterator[str]:
    backup, accounts = answers["backup_account"], accounts_of(answers)
    if backup and not ACCOUNT.fullmatch(backup):
        yield f"--backup-account is {backup!r}; it should be an account id of 12 digits"
    for account in accounts:
        if not ACCOUNT.fullmatch(account):
            yield f"--workload-accounts has {account!r}; each should be an account id of 12 digits"
        elif account == backup:
            yield f"--workload-accounts has the backup account {account}; copies must be in another account"
    for account in sorted({each for each in accounts if accounts.count(each) > 1}):
        yield f"--workload-accounts has {account} more than once"
    if answers["topology"] == WORKLOAD and len(accounts) > 1:
        yield (
            f"--workload-accounts has {len(accounts)} accounts; the workload topology has one main stack and one "
            "watched vault for each account. Use --topology hub, or run init once for each account in its own checkout"
        )
    if len(accounts) > MOST_ACCOUNTS:
        yield f"--workload-accounts has {len(accounts)} accounts; one hub supports up to {MOST_ACCOUNTS}"


def _regions(answers: Answers, accepted: Container[str]) -> Iterator[str]:
    home, dr = answers["region"], answers["dr_region"]
    for flag, region in (("--region", home), ("--dr-region", dr)):
        problem = region_problem(flag, region, accepts_unknown=region in accepted) if region else None
        if problem:
            yield problem
    if home and home == dr:
        yield f"--dr-region is {dr}, the same as --region; the DR vault must be in another Region"
    ours, theirs = partition_of(home), partition_of(dr)
    if ours and theirs and ours != theirs:
        yield (
            f"--dr-region {dr} is in the partition {theirs}, and --region {home} is in {ours}; AWS Backup cannot copy "
            "between them"
        )


def _retention(answers: Answers) -> Iterator[str]:
    days: dict[str, int] = {}
    for name in ("retention_days", "lock_minimum_days", "lock_maximum_days"):
        value = answers[name]
        if value.isascii() and value.isdecimal() and 1 <= int(value) <= LONGEST_DAYS:
            days[name] = int(value)
        elif value:
            yield f"--{name.replace('_', '-')} is {value!r}; it should be a number of days from 1 to {LONGEST_DAYS}"
    kept, least, most = (days.get(each) for each in ("retention_days", "lock_minimum_days", "lock_maximum_days"))
    if least and most and least > most:
        yield f"--lock-minimum-days is {least}, more than --lock-maximum-days, {most}"
    elif kept and least and most and not least <= kept <= most:
        yield f"--retention-days is {kept}, outside the lock's range from {least} to {most}; every copy would fail"
    if kept == 1:
        yield "--retention-days is 1; a copy that takes hours would expire soon after it arrives. Use 2 or more"


def _arns(answers: Answers) -> Iterator[str]:
    backup, workload = answers["backup_account"], accounts_of(answers)[:1]
    home, dr = answers["region"], answers["dr_region"]
    in_workload = workload[0] if workload else ""
    partition = partition_of(home) or partition_of(dr)
    for name, service, region, account, pattern in (
        ("administrator", "iam", "", backup, ADMINISTRATOR),
        ("dr_key_arn", "kms", dr, backup, KEY),
        ("copy_role_arn", "iam", "", backup, ROLE),
        ("operator_role_arn", "iam", "", backup, ROLE),
        ("first_hop_role_arn", "iam", "", in_workload, ROLE),
    ):
        value = answers[name]
        if not value or not ACCOUNT.fullmatch(account):
            continue
        place = f":{service}:{region}:{account}:"
        start, _, rest = value.partition(place)
        if not re.fullmatch(f"arn:{partition or 'aws[a-z-]*'}", start) or not pattern.fullmatch(rest):
            form = f"arn:{partition or 'aws'}{place}{'key' if service == 'kms' else 'role'}/..."
            yield f"--{name.replace('_', '-')} is {value!r}; it should be of the form {form}"
    yield from administrator_problems(answers["administrator"])
    if is_hub(answers):
        for name in ("operator_role_arn", "first_hop_role_arn"):
            if answers[name]:
                yield f"--{name.replace('_', '-')} belongs to the workload topology; a hub uses its own roles"


def warnings_of(answers: Answers) -> list[str]:
    """Answers that are accepted, but probably wrong."""
    regions = (("--region", answers["region"]), ("--dr-region", answers["dr_region"]))
    unknown = [f"{unknown_region(flag, each)}; check its spelling" for flag, each in regions if not is_known(each)]
    return [*unknown, *administrator_warnings(answers["administrator"])]
