"""make local-cloud, make local-cloud-stop: python -m local_cloud start | stop."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from local_cloud import server
from local_cloud.deploying import BUILT, MAIN_STACK, SAM, create_administrator, deploy_all
from local_cloud.journey import SERVICES, Journey, final_copies
from local_cloud.place import BACKUP, DR, HOME, ROOT, WORKLOAD, CloudError, Place

PORT = 4510
# An hour of AWS's time takes half a minute.
TIME_SCALE = 120
# Backups, two copies and a deletion take at most three hours of AWS's time. Slow machines get twice as much.
HOURS = 6
MISUSE = 2
PROGRAM = Path(sys.executable).parent / "secondhop"


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 success, 1 failure, 2 wrong arguments."""
    given = _parser().parse_args(arguments)
    folder: Path = given.folder
    place = Place(folder=folder.resolve(), port=server.port_of(folder, given.port))
    if given.command == "stop":
        _say("The local cloud is stopped." if server.stop(place) else "No local cloud was running.")
        return 0
    try:
        if server.running(place) is not None:
            _say(f"The local cloud runs already at {place.address}. To stop it: make local-cloud-stop.")
        else:
            _start(Place(folder=folder.resolve(), port=given.port), given.time_scale, given.services.split(","))
    except server.PortInUseError as error:
        sys.stderr.write(f"{error}\n")
        return MISUSE
    except CloudError as error:
        sys.stderr.write(
            f"{error}\nIts processes keep running, so that you can examine them. To stop them: make local-cloud-stop.\n"
        )
        return 1
    return 0


def _start(place: Place, time_scale: float, services: list[str]) -> None:
    for program in (server.COMMAND, SAM, ROOT / BUILT):
        if not program.exists():
            raise CloudError(f"There is no {program}. Run make local-cloud, which creates it.")
    server.start(place, time_scale=time_scale)
    place.write_config()
    _say(f"A local cloud listens at {place.address}, on this machine only.")
    _say(f"An hour of AWS's time takes {3600 / time_scale:.0f} seconds.")
    for account in (WORKLOAD, BACKUP):
        place.client("iam", account).create_service_linked_role(AWSServiceName="backup.amazonaws.com")
    # The policies of the vaults name this role, so that someone can change them.
    create_administrator(place)
    _say(f"Deploying four stacks by sam deploy: the backup account is {BACKUP}, the workload account {WORKLOAD}.")
    outputs = deploy_all(place)
    for name, gave in outputs.items():
        _say(f"  {name} is deployed, with {len(gave)} outputs")
    began = time.monotonic()

    def report(line: str) -> None:
        _say(f"{time.monotonic() - began:6.1f} s  {line}")

    journey = Journey(place, outputs, report)
    journey.run(services, seconds=max(60, HOURS * 3600 / time_scale))
    report(f"the sweep has run; {len(journey.sweep()['problems'])} problems")
    _say(f"{len(final_copies(place))} final copies are in the DR vault of {BACKUP} in {DR}.\n")
    _say(_invitation(place, outputs[MAIN_STACK.name]))


def _invitation(place: Place, main: dict[str, str]) -> str:
    states = "Items[?state].[database.S, state.S]"
    failure = json.dumps({"message": "Access Denied trying to call AWS Backup service", "destination_region": DR})
    return f"""It keeps running. To use it:

  export AWS_ENDPOINT_URL={place.address} AWS_REGION={HOME} AWS_DEFAULT_REGION={HOME}
  export AWS_ACCESS_KEY_ID={WORKLOAD} AWS_SECRET_ACCESS_KEY=simulated

  aws backup list-copy-jobs --query "CopyJobs[].[ResourceArn, State]" --output text
  aws dynamodb scan --table-name {main["TableName"]} --query "{states}" --output text
  {ROOT}/.venv-sam/bin/sam remote invoke OperateChains --stack-name {MAIN_STACK.name} \\
      --event '{{"verb": "pause", "by": "you"}}'

To check the installation:

  AWS_CONFIG_FILE={place.config} {PROGRAM} doctor --region {HOME} --profile workload --profile backup

To let the next second hop fail, and so to see what the runbook is for:

  curl -d '{failure}' {place.address}/_control/fail-copy-job

The access key id is the account: {BACKUP} for the backup account. Its DR vault is in {DR}.
The log is {place.log}. make local-cloud-stop stops it and deletes its data."""


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="local_cloud", description=__doc__)
    parser.add_argument("command", choices=["start", "stop"])
    parser.add_argument("--port", type=_port, default=PORT)
    parser.add_argument(
        "--time-scale", type=float, default=TIME_SCALE, help="divide everything that takes time by this number"
    )
    parser.add_argument(
        "--services", type=_services, default=",".join(SERVICES), help="the types of databases to back up"
    )
    parser.add_argument("--folder", type=Path, default=ROOT / ".local-cloud", help="for the pid file and the log")
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is not a port: give one from 1 to 65535")
    return int(text)


def _services(text: str) -> str:
    if unknown := set(text.split(",")) - SERVICES.keys():
        raise argparse.ArgumentTypeError(
            f"no such service: {', '.join(sorted(unknown))}; choose from {', '.join(SERVICES)}"
        )
    return text


if __name__ == "__main__":
    sys.exit(main())
