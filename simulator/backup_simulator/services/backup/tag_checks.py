"""Tags of vaults, plans and recovery points: how many, and which names AWS keeps for itself.

"Maximum number of tags per resource: 50" (aws-backup-limits). "The aws: prefix is reserved for AWS use"
(https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html).
"""

from __future__ import annotations

from collections.abc import Collection

from backup_simulator.errors import Refused

MOST_TAGS = 50
RESERVED = "aws:"


def check_tags(added: Collection[str], *, known: Collection[str] = ()) -> None:
    """Raises Refused for the names of tags that cannot be added to those that a resource has."""
    if any(name.lower().startswith(RESERVED) for name in added):
        raise Refused("InvalidParameterValueException", f"A tag's name cannot start with {RESERVED}")
    if len({*added, *known}) > MOST_TAGS:
        raise Refused("LimitExceededException", f"A resource has at most {MOST_TAGS} tags.")
