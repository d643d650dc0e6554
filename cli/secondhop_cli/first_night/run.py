"""The order of a run: make, ask, remove. A step that fails leaves its questions open, and the others continue."""

from __future__ import annotations

from collections.abc import Callable

from botocore.exceptions import ClientError

from secondhop_cli.aws_errors import explained
from secondhop_cli.first_night.making import make_everything
from secondhop_cli.first_night.night import Night, StepFailedError
from secondhop_cli.first_night.removal import REMEDY
from secondhop_cli.first_night.steps.copies import make_first, make_second, read_source_vaults
from secondhop_cli.first_night.steps.deletes import (
    ask_unknown_vault,
    delete_during_copy,
    delete_in_locked_vault,
    delete_without_the_right,
)
from secondhop_cli.first_night.steps.heard import read_events
from secondhop_cli.first_night.steps.rights import ask_who_describes_the_key, lose_a_role
from secondhop_cli.first_night.steps.tokens import ask_again

Step = Callable[[Night], None]
# All else needs these.
NEEDED: tuple[tuple[str, Step], ...] = (
    ("make roles, vaults and queues", make_everything),
    ("back the database up", Night.back_up),
    ("make the first copy", make_first),
)
# The deletions are last, because they take the recovery points away.
OTHERS: tuple[tuple[str, Step, tuple[str, ...]], ...] = (
    ("ask about an unknown vault", ask_unknown_vault, ("unknown_vault_denied",)),
    ("repeat the first call", lambda night: ask_again(night, "later"), ()),
    ("make the second copy", make_second, ("resource_arn_survives_second_copy",)),
    ("read the source vaults", read_source_vaults, ("single_action", "source_vault_shown")),
    ("copy with fewer rights", ask_who_describes_the_key, ("initiator_describes_aws_backup_key", "copy_from_asked_of")),
    ("delete a role during a copy", lose_a_role, ("unshare_failure_state",)),
    ("read the events", read_events, ("destination_sees_copy_events", "arrival_event")),
    ("delete during a copy", delete_during_copy, ("delete_during_copy", "unfit_source_code")),
    ("delete in a locked vault", delete_in_locked_vault, ("locked_delete_code",)),
    ("repeat the first call at the end", lambda night: ask_again(night, "last"), ()),
    (
        "delete without the role's right",
        delete_without_the_right,
        ("delete_leaves_expired", "delete_asks_the_points_role"),
    ),
)


def ask_everything(night: Night) -> None:
    """Carry all steps out. Raises StepFailedError, LimitReachedError, or an error of a call."""
    for title, step in NEEDED:
        night.pace.say(f"step: {title}")
        step(night)
    for title, optional_step, questions in OTHERS:
        night.pace.say(f"step: {title}")
        try:
            optional_step(night)
        except (ClientError, StepFailedError) as error:
            reason = str(error) if isinstance(error, StepFailedError) else explained(error, remedy=REMEDY)
            night.pace.say(f"the step failed: {reason}")
            for name in questions:
                night.answers.leave_open(name, reason)
