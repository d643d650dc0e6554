"""What is to be done by hand after init, in order: each step with its account, its Region and the exact command."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from secondhop.domain.resource_types import RESOURCE_TYPES
from secondhop_cli.init.questions import Answers, accounts_of, is_hub

FOLDER = "parameters"
SERVICE = "backup.amazonaws.com"
SETTING = "isCrossAccountBackupEnabled=true"
TRUSTED_ACCESS = f"""# Only if AWS answers that AWS Backup has no trusted access to the organization, run this first:
#   aws organizations enable-aws-service-access --service-principal {SERVICE}"""
# The role may exist already, and then to create it is an error.
SERVICE_LINKED_ROLE = f"""aws iam get-role --role-name AWSServiceRoleForBackup >/dev/null 2>&1 || \\
  aws iam create-service-linked-role --aws-service-name {SERVICE}"""
TYPES = ",".join(f"{each.name}=true" for each in RESOURCE_TYPES)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """Where the commands find this program and the checkout; both absolute, so that they run in any directory."""

    program: str
    checkout: Path

    @property
    def init(self) -> str:
        """The command that tells init more."""
        return f"{shlex.quote(self.program)} init --directory {shlex.quote(str(self.checkout))}"

    @property
    def deploy_main(self) -> str:
        return f"(cd {shlex.quote(str(self.checkout))} && sam build && sam deploy)"

    def path(self, name: str, *, scheme: str = "") -> str:
        """A file of the checkout."""
        return shlex.quote(f"{scheme}{self.checkout / name}")


def steps(answers: Answers, here: Here) -> list[Step]:
    """Every step from nothing to a first night."""
    before = [*_preparations(answers), _dr_region(answers, here), _backup_account(answers, here)]
    workloads, main, look = [*_workloads(answers, here)], _main(answers, here), _look(answers, here)
    if _is_first_time(answers):
        # The main stack makes the event bus take events; until then no plan may make a copy of which events tell.
        return [*before, main, *workloads, look]
    return [*before, *workloads, main, look]


def _is_first_time(answers: Answers) -> bool:
    """Whether the main stack is yet without the role of first hops, which comes from the workload account's stack.

    Later on, companions are deployed before the main stack, as for every upgrade. The hub forwards no events.
    """
    return not is_hub(answers) and not answers["first_hop_role_arn"]


def _preparations(answers: Answers) -> Iterator[Step]:
    home, dr = answers["region"], answers["dr_region"]
    yield Step(
        where=f"management account of the organization, {home}",
        why="cross-account backup is switched on for the organization",
        commands=(
            f"aws backup update-global-settings --region {home} --global-settings {SETTING}",
            TRUSTED_ACCESS,
        ),
    )
    for account in accounts_of(answers):
        yield _opt_in(f"workload account {account}", (home,))
    yield _opt_in(f"backup account {answers['backup_account']}", (home, dr))


def _opt_in(account: str, regions: tuple[str, ...]) -> Step:
    return Step(
        where=f"{account}, {' and '.join(regions)}",
        why="AWS Backup's service-linked role, unless it exists, and the opt-in of the four services",
        commands=(
            SERVICE_LINKED_ROLE,
            *(
                f"aws backup update-region-settings --region {region} \\\n  --resource-type-opt-in-preference {TYPES}"
                for region in regions
            ),
        ),
    )


def _deploy(answers: Answers, here: Here, stack: str, region: str) -> str:
    template, parameters = here.path(f"stacks/{stack}.yaml"), here.path(f"{FOLDER}/{stack}.json", scheme="file://")
    return (
        f"aws cloudformation deploy --region {region} --stack-name {answers['stack_name']}-{stack} \\\n"
        f"  --template-file {template} \\\n"
        f"  --parameter-overrides {parameters} \\\n"
        "  --capabilities CAPABILITY_IAM --no-fail-on-empty-changeset"
    )


def _hand_on(answers: Answers, here: Here, stack: str, region: str, outputs: dict[str, str]) -> tuple[str, ...]:
    """The command that tells init what a stack's outputs are, as far as it does not know them yet."""
    unknown = {name: output for name, output in outputs.items() if not answers[name]}
    asked = (
        f'  --{name.replace("_", "-")} "$(aws cloudformation describe-stacks --region {region} \\\n'
        f"    --stack-name {answers['stack_name']}-{stack} --output text \\\n"
        f'    --query "Stacks[0].Outputs[?OutputKey==\'{output}\'].OutputValue")"'
        for name, output in unknown.items()
    )
    return (" \\\n".join([here.init, *asked]),) if unknown else ()


def _dr_region(answers: Answers, here: Here) -> Step:
    region, is_compliance = answers["dr_region"], answers["vault_lock"] == "compliance"
    return Step(
        where=f"backup account {answers['backup_account']}, {region}",
        why="the DR vault with its key, its lock and its alarm" + (IRREVOCABLE if is_compliance else ""),
        commands=(
            _deploy(answers, here, "dr-region", region),
            *_hand_on(answers, here, "dr-region", region, {"dr_key_arn": "KeyArn"}),
        ),
    )


def _backup_account(answers: Answers, here: Here) -> Step:
    region = answers["region"]
    outputs = {"copy_role_arn": "CopyRoleArn"}
    if not is_hub(answers):
        outputs["operator_role_arn"] = "OperatorRoleArn"
    return Step(
        where=f"backup account {answers['backup_account']}, {region}",
        why="the watched vault with its key, and the roles",
        commands=(
            _deploy(answers, here, "backup-account", region),
            *_hand_on(answers, here, "backup-account", region, outputs),
        ),
    )


def _workloads(answers: Answers, here: Here) -> Iterator[Step]:
    region = answers["region"]
    outputs = {} if is_hub(answers) else {"first_hop_role_arn": "BackupRoleArn"}
    again = (here.deploy_main,) if _is_first_time(answers) else ()
    for account in accounts_of(answers):
        yield Step(
            where=f"workload account {account}, {region}",
            why="a key for databases, a vault, and a nightly plan; leave it out where such a plan exists"
            + ("\n   The last command lets Second Hop start failed first hops again." if again else ""),
            commands=(
                _deploy(answers, here, "workload", region),
                *_hand_on(answers, here, "workload", region, outputs),
                *again,
            ),
        )


def _main(answers: Answers, here: Here) -> Step:
    home = answers["region"]
    owner = answers["backup_account"] if is_hub(answers) else accounts_of(answers)[0]
    account = f"{'backup' if is_hub(answers) else 'workload'} account {owner}"
    return Step(
        where=f"{account}, {home}",
        why="Second Hop itself; it takes its parameters from samconfig.toml",
        commands=(here.deploy_main,),
    )


def _look(answers: Answers, here: Here) -> Step:
    profiles = " ".join(f"--profile PROFILE-OF-{each}" for each in (*accounts_of(answers), answers["backup_account"]))
    doctor = f"{shlex.quote(here.program)} doctor --stack {answers['stack_name']} --region {answers['region']}"
    return Step(
        where="where you have a profile for each of these accounts",
        why="what would make a copy fail is found before it does",
        commands=(f"{doctor} \\\n  {profiles}",),
    )
