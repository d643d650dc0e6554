"""How everything reads that a person is told, whatever decided it: reasons, troubles, messages.

Reasons go on after the name of a hop, hence they begin in lower case. Words are spelled as everybody spells them; in
capitals stand only states, causes and names. Nothing of the program shows through, like a `None` in place of a fact.
"""

from __future__ import annotations

import re
from functools import lru_cache

from secondhop.domain.chain import ChainState, IntermediateState
from secondhop.domain.classification import Cause
from secondhop.domain.hop import HopState

# What is quoted from elsewhere and spelled as it is there.
QUOTED = re.compile(
    r"arn:\S+|\d{4}-\d\d-\d\dT\S+"
    r"|\b[0-9a-f]{16}\b"  # an incident's id
    r"|\b[A-Z]+-\w+|\bjob \S+"  # a job's id
    r"|\b[a-z]+:[A-Z]\w+|\bAWSServiceRole\w+"  # an action and a role of IAM
    r"|`[^`]+`|\bNAME\b"  # a command, and what to replace in it
    r"|--[\w-]+|\d+"
)
WORD = re.compile(r"[A-Za-z]+")
ORDINARY = re.compile(r"[a-z]+|([A-Z][a-z]+)+|[a-z]+([A-Z][a-z]+)+|[A-Z]")
STATUSES = {
    "AVAILABLE",
    "COMPLETED",
    "CREATING",
    "CREATED",
    "RUNNING",
    "FAILED",
    "PARTIAL",
    "EXPIRED",
    "DELETING",
    "STOPPED",
}
NAMES = {"AWS", "KMS", "RDS", "EBS", "IAM", "AZ", "DB", "DR", "SNS", "ARN", "TDE", "GiB"}
CAPITALS = {
    *STATUSES,
    *NAMES,
    *(part for words in (ChainState, HopState, IntermediateState, Cause) for word in words for part in word.split("_")),
}
MISSPELLED = {name.lower() for name in NAMES} - {"dr"}


@lru_cache(maxsize=4096)
def strange_words(text: object) -> tuple[str, ...]:
    """What would make a reader of the text stop; the whole of it if it says nothing."""
    if not isinstance(text, str) or not WORD.search(text):
        return (repr(text),)
    words = WORD.findall(QUOTED.sub(" ", text))
    return tuple(word for word in words if word == "None" or word in MISSPELLED or not _is_plain(word))


def _is_plain(word: str) -> bool:
    return ORDINARY.fullmatch(word) is not None or word in CAPITALS
