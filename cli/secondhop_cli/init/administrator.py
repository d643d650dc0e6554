"""Checks the ARN of the administrator. Only this role can change the vaults, so a wrong value locks everyone out."""

from __future__ import annotations

import re
from collections.abc import Iterator

# Roles of IAM Identity Center have a path. The Region is not in it if the home Region of Identity Center is us-east-1.
IDENTITY_CENTER = "aws-reserved/sso.amazonaws.com/"
RESERVED_NAME = "AWSReservedSSO_"
ANY_PERMISSION_SET = f"{IDENTITY_CENTER}{RESERVED_NAME}AnyPermissionSet_0123456789abcdef"


def administrator_problems(arn: str) -> Iterator[str]:
    """No role has such an ARN, so the vaults' policies would deny all changes to everyone."""
    start, _, role = arn.rpartition(":role/")
    name = _name(role)
    if not name.startswith(RESERVED_NAME) or role.startswith(IDENTITY_CENTER):
        return
    if any(_matches(f"{IDENTITY_CENTER}{region}{name}", role) for region in ("", "eu-west-1/")):
        return
    right = f"'{start}:role/{IDENTITY_CENTER}*{name}'"
    shown = f"the ARN from: aws iam get-role --role-name {name} --query Role.Arn --output text"
    use = right if "*" in name else shown
    yield f"--administrator is {arn!r}, without the path of roles of IAM Identity Center; use {use}"


def administrator_warnings(arn: str) -> Iterator[str]:
    """Patterns that are accepted, but match fewer or more roles than their author probably knows."""
    start, _, role = arn.rpartition(":role/")
    if "*" not in role:
        return
    if not _name(role) or _matches(ANY_PERMISSION_SET, role):
        yield (
            "--administrator matches every role with this beginning, and each of them can change the vaults; "
            "add the name of the role or permission set before the last *"
        )
    elif role.startswith(IDENTITY_CENTER):
        yield from _one_form_only(start, role)


def _one_form_only(start: str, role: str) -> Iterator[str]:
    """A warning if a pattern matches roles of Identity Center only with, or only without, a Region in their path."""
    name = _name(role)
    region = re.match(rf"{re.escape(IDENTITY_CENTER)}([a-z0-9-]+)/", role)
    forms = {"with": f"{region[1] if region else 'eu-west-1'}/", "without": ""}
    met = [each for each, path in forms.items() if _matches(f"{IDENTITY_CENTER}{path}{name}", role)]
    if len(met) == len(forms):
        return
    found = f"{met[0]} a Region in the path" if met else "with another path"
    both = f"'{start}:role/{IDENTITY_CENTER}*{name}' matches both"
    why = "roles of IAM Identity Center have a Region in their path unless Identity Center's home Region is us-east-1"
    yield f"--administrator matches only roles {found}; {why}, and {both}"


def _name(role: str) -> str:
    """The last part of the path, without a wildcard at its beginning."""
    return role.rpartition("/")[2].lstrip("*")


def _matches(role: str, pattern: str) -> bool:
    """Whether the pattern matches the role. A `*` in the role's name counts as any text."""
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), role) is not None
