"""The steps to do after init, in order: each with its account, its Region and its commands."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from secondhop.domain.resource_types import RESOURCE_TYPES
from secondhop_cli.init.questions import Answers, accounts_of, is_hub
from secondhop_cli.init.samconfig import NAME
from secondhop_cli.regions import ACCEPT_UNKNOWN, is_known

FOLDER = "parameters"
SERVICE = "backup.amazonaws.com"
SETTING = "isCrossAccountBackupEnabled=true"
TRUSTED_ACCESS = f"""# Only if AWS answers that AWS Backup has no trusted access to the organization, run this first:
#   aws organizations enable-aws-service-access --service-principal {SERVICE}"""
# If the role exists, creating it is an error.
SERVICE_LINKED_ROLE = f"""aws iam get-role --role-name AWSServiceRoleForBackup >/dev/null 2>&1 || \\
  aws iam create-service-linked-role --aws-service-name {SERVICE}"""
TYPES = ",".join(f"{each.name}=true" for each in RESOURCE_TYPES)
IRREVOCABLE = f"""
   A compliance lock is irrevocable. To confirm it, add a comma to the last line of the list in
   {FOLDER}/dr-region.json, and this line below it:
     "ConfirmComplianceLock=nobody can ever remove this lock"
   """.rstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step. `where` names the account that it needs credentials of."""

    where: str
    why: str
    commands: tuple[str, ...]

    def text(self, number: int) -> str:
        lines = [f"{number}. {self.where}: {self.why}"]
        return "\n".join([*lines, *(f"     {line}" for command in self.commands for line in command.split("\n"))])


@dataclass(frozen=True, slots=True, kw_only=True)
class Locations:
    """The absolute paths of this program and of the checkout, so that the commands run in any directory."""

    program: str
    checkout: Path
    samconfig: str = NAME

    @property
    def init(self) -> str:
        """The command that gives init more answers."""
        return f"{shlex.quote(self.program)} init --directory {shlex.quote(str(self.checkout))}"

    @property
    def deploy_main(self) -> str:
        # SAM reads samconfig.toml without being asked to.
        config = "" if self.samconfig == NAME else f" --config-file {self.samconfig}"
        return f"cd {shlex.quote(str(self.checkout))} && sam build && sam deploy{config}"

    def path(self, name: str, *, scheme: str = "") -> str:
        """The path of a file of the checkout."""
        return shlex.quote(f"{scheme}{self.checkout / name}")


def steps(answers: Answers, locations: Locations) -> list[Step]:
    """All steps, in order."""
    before = [*_preparations(answers), _dr_region(answers, locations), _backup_account(answers, locations)]
    workloads, main, doctor = [*_workloads(answers, locations)], _main(answers, locations), _doctor(answers, locations)
    if _is_first_time(answers):
        # The main stack lets the event bus accept events. Before that, no plan should make copies.
        return [*before, main, *workloads, doctor]
    return [*before, *workloads, main, doctor]


def _is_first_time(answers: Answers) -> bool:
    """Whether the main stack does not have FirstHopRoleArn yet, which is an output of the workload account's stack.

    Later, companion stacks are deployed before the main stack, as in every upgrade. A hub forwards no events.
    """
    return not is_hub(answers) and not answers["first_hop_role_arn"]


def _preparations(answers: Answers) -> Iterator[Step]:
    home, dr = answers["region"], answers["dr_region"]
    yield Step(
        where=f"management account of the organization, {home}",
        why="turns on cross-account backup for the organization",
        commands=(
            f"aws backup update-global-settings --region {home} --global-settings {SETTING}",
            TRUSTED_ACCESS,
        ),
    )
    for account in accounts_of(answers):
        yield _opt_in("workload", account, (home,))
    yield _opt_in("backup", answers["backup_account"], (home, dr))


def _opt_in(kind: str, account: str, regions: tuple[str, ...]) -> Step:
    return Step(
        where=f"{kind} account {account}, {' and '.join(regions)}",
        why="creates AWS Backup's service-linked role if it is missing, and opts in the four services",
        commands=(_only_in(account, regions[0], "\n".join((SERVICE_LINKED_ROLE, *map(_opt_in_command, regions)))),),
    )


def _opt_in_command(region: str) -> str:
    return f"aws backup update-region-settings --region {region} \\\n  --resource-type-opt-in-preference {TYPES}"


def _only_in(account: str, region: str, command: str) -> str:
    """The commands, in a subshell that ends before them if the credentials are of another account."""
    return (
        f'(test "$(aws sts get-caller-identity --region {region} --query Account --output text)" = {account} || {{\n'
        f'  echo "Nothing was changed: these are not credentials of the account {account}." >&2; exit 1; }}\n'
        f"{command})"
    )


def _deploy(answers: Answers, locations: Locations, stack: str, account: str, region: str) -> str:
    template, parameters = (
        locations.path(f"stacks/{stack}.yaml"),
        locations.path(f"{FOLDER}/{stack}.json", scheme="file://"),
    )
    command = (
        f"aws cloudformation deploy --region {region} --stack-name {answers['stack_name']}-{stack} \\\n"
        f"  --template-file {template} \\\n"
        f"  --parameter-overrides {parameters} \\\n"
        "  --capabilities CAPABILITY_IAM --no-fail-on-empty-changeset"
    )
    return _only_in(account, region, command)


def _deploy_main(answers: Answers, locations: Locations) -> str:
    return _only_in(_main_account(answers), answers["region"], locations.deploy_main)


def _main_account(answers: Answers) -> str:
    return answers["backup_account"] if is_hub(answers) else accounts_of(answers)[0]


def _pass_outputs(
    answers: Answers, locations: Locations, stack: str, region: str, outputs: dict[str, str]
) -> tuple[str, ...]:
    """The command that gives init the outputs of a stack that it does not know yet."""
    unknown = {name: output for name, output in outputs.items() if not answers[name]}
    asked = (
        f'  --{name.replace("_", "-")} "$(aws cloudformation describe-stacks --region {region} \\\n'
        f"    --stack-name {answers['stack_name']}-{stack} --output text \\\n"
        f'    --query "Stacks[0].Outputs[?OutputKey==\'{output}\'].OutputValue")"'
        for name, output in unknown.items()
    )
    return (" \\\n".join([locations.init, *asked]),) if unknown else ()


def _dr_region(answers: Answers, locations: Locations) -> Step:
    region, is_compliance = answers["dr_region"], answers["vault_lock"] == "compliance"
    return Step(
        where=f"backup account {answers['backup_account']}, {region}",
        why="creates the DR vault with its key, its lock and its alarm" + (IRREVOCABLE if is_compliance else ""),
        commands=(
            _deploy(answers, locations, "dr-region", answers["backup_account"], region),
            *_pass_outputs(answers, locations, "dr-region", region, {"dr_key_arn": "KeyArn"}),
        ),
    )


def _backup_account(answers: Answers, locations: Locations) -> Step:
    region = answers["region"]
    outputs = {"copy_role_arn": "CopyRoleArn"}
    if not is_hub(answers):
        outputs["operator_role_arn"] = "OperatorRoleArn"
    return Step(
        where=f"backup account {answers['backup_account']}, {region}",
        why="creates the watched vault with its key, and the roles",
        commands=(
            _deploy(answers, locations, "backup-account", answers["backup_account"], region),
            *_pass_outputs(answers, locations, "backup-account", region, outputs),
        ),
    )


def _workloads(answers: Answers, locations: Locations) -> Iterator[Step]:
    region = answers["region"]
    outputs = {} if is_hub(answers) else {"first_hop_role_arn": "BackupRoleArn"}
    redeploy = (_deploy_main(answers, locations),) if _is_first_time(answers) else ()
    for account in accounts_of(answers):
        yield Step(
            where=f"workload account {account}, {region}",
            why="creates a key for databases, a vault, and a nightly plan. Skip this if a plan exists"
            + ("\n   The last command lets Second Hop retry failed first hops." if redeploy else ""),
            commands=(
                _deploy(answers, locations, "workload", account, region),
                *_pass_outputs(answers, locations, "workload", region, outputs),
                *redeploy,
            ),
        )


def _main(answers: Answers, locations: Locations) -> Step:
    kind = "backup" if is_hub(answers) else "workload"
    return Step(
        where=f"{kind} account {_main_account(answers)}, {answers['region']}",
        why=f"deploys Second Hop, with the parameters in {locations.samconfig}",
        commands=(_deploy_main(answers, locations),),
    )


def _doctor(answers: Answers, locations: Locations) -> Step:
    unknown = "" if is_known(answers["region"]) else f" {ACCEPT_UNKNOWN}"
    profiles = " ".join(f"--profile PROFILE-OF-{each}" for each in (*accounts_of(answers), answers["backup_account"]))
    command = f"{shlex.quote(locations.program)} doctor --stack {answers['stack_name']} --region {answers['region']}"
    return Step(
        where="a machine with a profile for each of these accounts",
        why="reports what would make a copy fail",
        commands=(f"{command}{unknown} \\\n  {profiles}",),
    )
