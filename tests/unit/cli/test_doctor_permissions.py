"""How the doctor reads an answer of SimulatePrincipalPolicy about a resource that it named (API_EvaluationResult)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from secondhop.domain.arn import Site
from secondhop_cli.doctor.findings import NotCheckedError
from secondhop_cli.doctor.permissions import Need, missing_actions

ROLE = "arn:aws:iam::111122223333:role/r"
POINT = "arn:aws:rds:eu-west-1:111122223333:snapshot:x"
NEED = Need(actions=("backup:StartCopyJob",), resource=POINT)


def answered(decision: str, *, specific: dict[str, Any] | None = None, missing: tuple[str, ...] = ()) -> Any:
    """A context in which AWS gives this answer."""
    result: dict[str, Any] = {
        "EvalActionName": "backup:StartCopyJob",
        "EvalDecision": decision,
        "MissingContextValues": list(missing),
    }
    if specific is not None:
        result["ResourceSpecificResults"] = [specific]
    return SimpleNamespace(api=SimpleNamespace(call=lambda *_, **__: {"EvaluationResults": [result]}))


def missing_in(context: Any) -> list[Any]:
    return missing_actions(context, Site("111122223333", "eu-west-1"), ROLE, [NEED])


@pytest.mark.parametrize("of_resource", [False, True])
def test_a_missing_context_key_is_not_a_missing_right(of_resource: bool) -> None:
    keys = ["aws:PrincipalOrgID"]
    specific = {"EvalResourceDecision": "implicitDeny", "MissingContextValues": keys}
    context = (
        answered("implicitDeny", specific=specific) if of_resource else answered("implicitDeny", missing=tuple(keys))
    )
    with pytest.raises(NotCheckedError, match="aws:PrincipalOrgID"):
        missing_in(context)


@pytest.mark.parametrize(("decision", "count"), [("allowed", 0), ("implicitDeny", 1), ("explicitDeny", 1)])
def test_the_decision_about_the_resource_counts(decision: str, count: int) -> None:
    assert len(missing_in(answered("allowed", specific={"EvalResourceDecision": decision}))) == count
    assert len(missing_in(answered(decision))) == count
