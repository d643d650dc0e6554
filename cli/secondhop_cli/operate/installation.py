"""Finds an installation by the name of its main stack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from secondhop_cli.aws_errors import CALL_ERRORS, SESSION_ERRORS, explained
from secondhop_cli.ending import CommandError, UsageError

# An order can take as long as the function may run, which is a minute. It is not sent twice.
CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 1}, connect_timeout=5, read_timeout=70)
REMEDY = "choose a profile with --profile"


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """The main stack of an installation, and a boto3 session of its account."""

    session: Any
    stack: str
    region: str
    outputs: Mapping[str, str]

    def client(self, service: str) -> Any:
        """A client in the Region of the main stack."""
        return self.session.client(service, region_name=self.region, config=CONFIG)

    def output(self, name: str) -> str:
        """An output of the main stack. Raises UsageError if another kind of stack was named."""
        if name not in self.outputs:
            raise UsageError(f"the stack {self.stack} in {self.region} has no output {name}. {_OTHER_STACK}")
        return self.outputs[name]

    def caller(self) -> str:
        """The ARN of the caller, which is recorded with each order. Raises CommandError."""
        try:
            return str(self.client("sts").get_caller_identity()["Arn"])
        except CALL_ERRORS as error:
            raise CommandError(f"the caller is unknown: {explained(error, remedy=REMEDY)}.") from error


_OTHER_STACK = "Name the main stack of Second Hop with --stack."


def find_installation(session: Any, *, stack: str, region: str) -> Installation:
    """The installation of a main stack. Raises UsageError if there is no such stack, and CommandError."""
    try:
        client = session.client("cloudformation", region_name=region, config=CONFIG)
        found = client.describe_stacks(StackName=stack)["Stacks"][0]
    except SESSION_ERRORS as error:
        if isinstance(error, ClientError) and error.response["Error"].get("Code") == "ValidationError":
            raise UsageError(
                f"there is no stack {stack} in {region} of this account. Name the main stack with --stack, its Region "
                "with --region, and a profile of its account with --profile."
            ) from error
        raise CommandError(f"the stack {stack} cannot be read: {explained(error, remedy=REMEDY)}.") from error
    outputs = {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}
    return Installation(session=session, stack=stack, region=region, outputs=outputs)
