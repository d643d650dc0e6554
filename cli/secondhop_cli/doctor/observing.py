"""Checks that the installation acts. With ObserveOnly it decides and logs everything, and starts nothing."""

from __future__ import annotations

from collections.abc import Iterator

from secondhop_cli.doctor.context import CheckContext
from secondhop_cli.doctor.findings import Finding, Outcome
from secondhop_cli.doctor.main_stack import MainStack

SWITCH = "ObserveOnly"


def installation_acts(context: CheckContext) -> Iterator[Outcome]:
    """Check that ObserveOnly is off."""
    main_stack = context.main_stack
    if main_stack.observe_only:
        yield Finding(
            kind="observe-only",
            site=main_stack.site,
            resource=main_stack.name,
            what=f"The main stack has {SWITCH}=true.",
            fix=f"If you want copies now, run this command with credentials of the main stack's account. Also set "
            f"{SWITCH}=false in parameters/samconfig.toml if it is there, because the next sam deploy uses that value.",
            command=_command(main_stack),
        )


def _command(main_stack: MainStack) -> str:
    """Changes one parameter. All others must be named, or CloudFormation would take their defaults."""
    kept = [name for name in main_stack.parameters if name != SWITCH]
    return " ".join(
        (
            f"aws cloudformation update-stack --region {main_stack.site.region} --stack-name {main_stack.name}",
            # The template has SAM's macro, which needs the second capability.
            "--use-previous-template --capabilities CAPABILITY_IAM CAPABILITY_AUTO_EXPAND",
            f"--parameters ParameterKey={SWITCH},ParameterValue=false",
            *(f"ParameterKey={name},UsePreviousValue=true" for name in kept),
        )
    )
