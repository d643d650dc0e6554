"""Deploys the four stacks with `sam deploy`, each in its account and Region, with the outputs of those before it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local_cloud.place import BACKUP, DR, HOME, ROOT, WORKLOAD, CloudError, Place

SAM = ROOT / ".venv-sam" / "bin" / "sam"
BUILT = Path(".aws-sam") / "build" / "template.yaml"
ADMINISTRATOR = f"arn:aws:iam::{BACKUP}:role/administrator"
# The organization of the simulator's accounts.
ORGANIZATION = "o-simulated0"
EXTERNAL_ID = "a-local-cloud"
SECONDS = 180


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A stack to deploy: its template, account and Region."""

    name: str
    template: Path
    account: str
    region: str


DR_STACK = Stack(name="second-hop-dr", template=Path("stacks/dr-region.yaml"), account=BACKUP, region=DR)
BACKUP_STACK = Stack(name="second-hop-backup", template=Path("stacks/backup-account.yaml"), account=BACKUP, region=HOME)
WORKLOAD_STACK = Stack(name="second-hop-workload", template=Path("stacks/workload.yaml"), account=WORKLOAD, region=HOME)
MAIN_STACK = Stack(name="second-hop", template=BUILT, account=WORKLOAD, region=HOME)


def create_administrator(place: Place) -> None:
    """The role of the backup account that the policies of the vaults name."""
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{BACKUP}:root"}}
    rights = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    iam, name = place.client("iam", BACKUP), ADMINISTRATOR.rpartition("/")[2]
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(trust))
    iam.put_role_policy(RoleName=name, PolicyName="everything", PolicyDocument=_policy(rights))


def _policy(statement: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def deploy_all(place: Place) -> dict[str, dict[str, str]]:
    """Deploy the four in order; return their outputs by stack name."""
    guarded = {"VaultAdministratorArn": ADMINISTRATOR}
    dr = deploy(place, DR_STACK, guarded)
    given = guarded | {"WorkloadAccountIds": WORKLOAD, "DrRegion": DR, "DrKeyArn": dr["KeyArn"]}
    backup = deploy(place, BACKUP_STACK, given | {"ExternalId": EXTERNAL_ID, "OrganizationId": ORGANIZATION})
    workload = deploy(place, WORKLOAD_STACK, {"BackupAccountId": BACKUP})
    main = deploy(
        place,
        MAIN_STACK,
        {
            "BackupAccountId": BACKUP,
            "DrRegion": DR,
            "CopyRoleArn": backup["CopyRoleArn"],
            "OperatorRoleArn": backup["OperatorRoleArn"],
            "ExternalId": EXTERNAL_ID,
            "FirstHopRoleArn": workload["BackupRoleArn"],
        },
    )
    return {
        DR_STACK.name: dr,
        BACKUP_STACK.name: backup,
        WORKLOAD_STACK.name: workload,
        MAIN_STACK.name: main,
    }


def deploy(place: Place, stack: Stack, parameters: dict[str, str]) -> dict[str, str]:
    """Deploy a stack; return its outputs. Raises CloudError with SAM's message."""
    # The user's samconfig.toml is for the user's own installation.
    settings = place.folder / "samconfig.toml"
    settings.write_text("version = 0.1\n")
    command = [
        str(SAM),
        "deploy",
        *("--template-file", str(ROOT / stack.template)),
        *("--stack-name", stack.name),
        *("--region", stack.region),
        *("--config-file", str(settings)),
        *("--capabilities", "CAPABILITY_IAM"),
        "--resolve-s3",
        "--no-confirm-changeset",
        "--no-fail-on-empty-changeset",
        "--parameter-overrides",
        *(f"{name}={value}" for name, value in parameters.items()),
    ]
    environ = place.environment(stack.account, stack.region)
    try:
        done = subprocess.run(  # noqa: S603 - a command of this repository
            command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired as late:
        raise CloudError(f"sam deploy of {stack.name} did not end within {SECONDS} seconds.") from late
    (place.folder / f"{stack.name}.log").write_text(done.stdout + done.stderr)
    if done.returncode != 0:
        raise CloudError(f"sam deploy of {stack.name} failed:\n{(done.stdout + done.stderr)[-2000:]}")
    return outputs_of(place, stack)


def outputs_of(place: Place, stack: Stack) -> dict[str, str]:
    """The outputs of a deployed stack."""
    stacks = place.client("cloudformation", stack.account, stack.region).describe_stacks(StackName=stack.name)
    return {each["OutputKey"]: each["OutputValue"] for each in stacks["Stacks"][0].get("Outputs", [])}
