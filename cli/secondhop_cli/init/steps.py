"""What is to be done by hand after init, in order: each step with its account, its Region and the exact command."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from secondhop_cli.init.questions import Answers, accounts_of, is_hub

FOLDER = "parameters"
SETTING = "isCrossAccountBackupEnabled=true"
TYPES = "RDS=true,Aurora=true,DocumentDB=true,Neptune=true"
IRREVOCABLE = f"""
   A compliance lock is irrevocable. Whoever wants it adds to {FOLDER}/dr-region.json, by hand:
     "ConfirmComplianceLock=nobody can ever remove this lock",
   """.rstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do. `where` names whose credentials it needs."""

    where: str
    why: str
    commands: tuple[str, ...]

    def text(self, number: int) -> str:
        lines = [f"{number}. {self.where}: {self.why}"]
        return "\n".join([*lines, *(f"     {line}" for command in self.commands for line in command.split("\n"))])


def steps(answers: Answers, program: str) -> list[Step]:
    """Every step from nothing to a first night. `program` is how the command secondhop is called."""
    found = [
        *_preparations(answers),
        _dr_region(answers),
        _backup_account(answers),
        *_workloads(answers),
        _main(answers),
        _look(answers),
    ]
    return [replace(each, commands=tuple(_called(command, program) for command in each.commands)) for each in found]


def _called(command: str, program: str) -> str:
    return program + command.removeprefix("secondhop") if command.startswith("secondhop ") else command


def _preparations(answers: Answers) -> Iterator[Step]:
    home, dr = answers["region"], answers["dr_region"]
    yield Step(
        where=f"management account of the organization, {home}",
        why="cross-account backup is switched on for the organization",
        commands=(f"aws backup update-global-settings --region {home} --global-settings {SETTING}",),
    )
    for account in accounts_of(answers):
        yield _opt_in(f"workload account {account}", (home,))
    yield _opt_in(f"backup account {answers['backup_account']}", (home, dr))


def _opt_in(account: str, regions: tuple[str, ...]) -> Step:
    return Step(
        where=f"{account}, {' and '.join(regions)}",
        why="AWS Backup's service-linked role (it may well exist already), and the opt-in of the four services",
        commands=(
            "aws iam create-service-linked-role --aws-service-name backup.amazonaws.com",
            *(
                f"aws backup update-region-settings --region {region} \\\n  --resource-type-opt-in-preference {TYPES}"
                for region in regions
            ),
        ),
    )


def _deploy(answers: Answers, stack: str, region: str) -> str:
    return (
        f"aws cloudformation deploy --region {region} --stack-name {answers['stack_name']}-{stack} \\\n"
        f"  --template-file stacks/{stack}.yaml --parameter-overrides file://{FOLDER}/{stack}.json \\\n"
        "  --capabilities CAPABILITY_IAM --no-fail-on-empty-changeset"
    )


def _hand_on(answers: Answers, stack: str, region: str, outputs: dict[str, str]) -> tuple[str, ...]:
    """The command that tells init what a stack's outputs are, as far as it does not know them yet."""
    unknown = {name: output for name, output in outputs.items() if not answers[name]}
    asked = (
        f'  --{name.replace("_", "-")} "$(aws cloudformation describe-stacks --region {region} \\\n'
        f"    --stack-name {answers['stack_name']}-{stack} --output text \\\n"
        f'    --query "Stacks[0].Outputs[?OutputKey==\'{output}\'].OutputValue")"'
        for name, output in unknown.items()
    )
    return (" \\\n".join(["secondhop init", *asked]),) if unknown else ()


def _dr_region(answers: Answers) -> Step:
    region, is_compliance = answers["dr_region"], answers["vault_lock"] == "compliance"
    return Step(
        where=f"backup account {answers['backup_account']}, {region}",
        why="the DR vault with its key, its lock and its alarm" + (IRREVOCABLE if is_compliance else ""),
        commands=(
            _deploy(answers, "dr-region", region),
            *_hand_on(answers, "dr-region", region, {"dr_key_arn": "KeyArn"}),
        ),
    )


def _backup_account(answers: Answers) -> Step:
    region = answers["region"]
    outputs = {"copy_role_arn": "CopyRoleArn"}
    if not is_hub(answers):
        outputs["operator_role_arn"] = "OperatorRoleArn"
    return Step(
        where=f"backup account {answers['backup_account']}, {region}",
        why="the watched vault with its key, and the roles",
        commands=(
            _deploy(answers, "backup-account", region),
            *_hand_on(answers, "backup-account", region, outputs),
        ),
    )


def _workloads(answers: Answers) -> Iterator[Step]:
    region = answers["region"]
    outputs = {} if is_hub(answers) else {"first_hop_role_arn": "BackupRoleArn"}
    for account in accounts_of(answers):
        yield Step(
            where=f"workload account {account}, {region}",
            why="a key for databases, a vault, and a nightly plan; leave it out where such a plan exists",
            commands=(_deploy(answers, "workload", region), *_hand_on(answers, "workload", region, outputs)),
        )


def _main(answers: Answers) -> Step:
    home = answers["region"]
    owner = answers["backup_account"] if is_hub(answers) else accounts_of(answers)[0]
    account = f"{'backup' if is_hub(answers) else 'workload'} account {owner}"
    return Step(
        where=f"{account}, {home}",
        why="Second Hop itself; it takes its parameters from samconfig.toml",
        commands=("sam build && sam deploy",),
    )


def _look(answers: Answers) -> Step:
    profiles = " ".join(f"--profile PROFILE-OF-{each}" for each in (*accounts_of(answers), answers["backup_account"]))
    return Step(
        where="where you have a profile for each of these accounts",
        why="what would make a copy fail is found before it does",
        commands=(f"secondhop doctor --stack {answers['stack_name']} --region {answers['region']} \\\n  {profiles}",),
    )
