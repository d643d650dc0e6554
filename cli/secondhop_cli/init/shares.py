"""Divides AWS's quota of copies in progress between the main stacks that copy into one DR account and Region."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from secondhop.domain.resource_types import CLUSTERS, INSTANCES
from secondhop_cli.init.questions import Answers

SHARING, RDS_LIMIT, CLUSTER_LIMIT = "installations_sharing", "maximum_rds_copies", "maximum_cluster_copies"
CLUSTER_QUOTA = min(each.copies_in_flight for each in CLUSTERS)
# Each installation needs at least one slot for each type.
MOST_INSTALLATIONS = min(INSTANCES.copies_in_flight, CLUSTER_QUOTA)


def share(installations: int) -> Answers:
    """The limits of one main stack."""
    return {
        RDS_LIMIT: str(INSTANCES.copies_in_flight // installations),
        CLUSTER_LIMIT: str(CLUSTER_QUOTA // installations),
    }


SHARES: Mapping[str, Answers] = {str(count): share(count) for count in range(1, MOST_INSTALLATIONS + 1)}


def sharing_before(answers: Answers) -> Answers:
    """How many installations the limits in the files are for; nothing if they are a person's own, or missing."""
    found = {name: answers.get(name, "") for name in (RDS_LIMIT, CLUSTER_LIMIT)}
    count = next((count for count, limits in SHARES.items() if limits == found), None)
    return {} if count is None else {SHARING: count}


def limits(answers: Answers, *, before: Answers, is_given: bool) -> Answers:
    """The limits to write. A person's own limits in the files stay, unless the option is given."""
    own = {name: before.get(name, "") for name in (RDS_LIMIT, CLUSTER_LIMIT)}
    if any(own.values()) and SHARING not in before and not is_given:
        return own
    return SHARES.get(answers[SHARING], own)


def sharing_problems(answers: Answers) -> Iterator[str]:
    """Why the quota cannot be divided."""
    value = answers[SHARING]
    if value in SHARES or not value:
        return
    if not (value.isascii() and value.isdecimal()) or int(value) < 1 or value != str(int(value)):
        yield f"--installations-sharing is {value!r}; it should be a number of main stacks, such as 2"
        return
    yield (
        f"--installations-sharing is {value}; AWS makes {CLUSTER_QUOTA} copies of a cluster type at a time into one "
        f"account and Region, so at most {MOST_INSTALLATIONS} main stacks can share it. Use --topology hub: one main "
        "stack in the backup account serves all workload accounts"
    )
