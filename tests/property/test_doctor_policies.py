"""The doctor's judgement of a policy never contradicts the simulator's, which was written from the same pages.

Where it is unclear to the doctor it says so; whenever it says yes or no, the simulated AWS does the same.
"""

from __future__ import annotations

from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st

from backup_simulator.policy import decide
from secondhop_cli.doctor.policies import PolicyResult, Principal, Request, evaluate

OWN, OTHER = "111122223333", "444455556666"
ROLE, SIBLING = f"arn:aws:iam::{OWN}:role/secondhop/actor", f"arn:aws:iam::{OWN}:role/other"
STRANGER = f"arn:aws:iam::{OTHER}:role/secondhop/actor"
KEY = f"arn:aws:kms:eu-west-1:{OWN}:key/11111111-1111-4111-8111-111111111111"
ACTIONS = ("kms:Decrypt", "kms:CreateGrant", "kms:GenerateDataKeyWithoutPlaintext")
CONTEXT: dict[str, Any] = {
    "aws:PrincipalAccount": OWN,
    "aws:PrincipalArn": ROLE,
    "aws:PrincipalOrgID": "o-simulated0",
    "kms:GrantIsForAWSResource": "true",
    "backup:CopyTargets": (KEY, ROLE),
}
ABSENT = ("kms:ViaService", "aws:SourceAccount")

names = st.sampled_from(
    ["*", OWN, OTHER, f"arn:aws:iam::{OWN}:root", f"arn:aws:iam::{OTHER}:root", ROLE, SIBLING, STRANGER]
)
principals = st.one_of(
    st.just("*"),
    st.builds(lambda each: {"AWS": each}, st.one_of(names, st.lists(names, min_size=1, max_size=3))),
    st.just({"Service": "backup.amazonaws.com"}),
)
patterns = st.sampled_from(["*", "kms:*", "KMS:decrypt", "kms:Generate*", "kms:CreateGrant", "rds:*", "kms:?ecrypt"])
resources = st.sampled_from(
    ["*", KEY, f"arn:aws:kms:*:{OWN}:key/*", "arn:aws:kms:*", f"arn:aws:rds:*:{OWN}:*", "arn:aws:*:key/*"]
)
keys = st.sampled_from([*CONTEXT, *ABSENT, "AWS:principalaccount"])
values = st.sampled_from([OWN, OTHER, ROLE, f"arn:aws:iam::{OWN}:role/secondhop/*", "o-*", "true", "TRUE", "*", KEY])
operators = st.builds(
    lambda quantifier, plain, ending: f"{quantifier}{plain}{ending}",
    st.sampled_from(["", "ForAnyValue:", "ForAllValues:"]),
    st.sampled_from(
        [
            "StringEquals",
            "StringNotEquals",
            "StringLike",
            "StringNotLike",
            "StringEqualsIgnoreCase",
            "StringNotEqualsIgnoreCase",
            "ArnLike",
            "ArnNotLike",
            "ArnEquals",
            "Bool",
        ]
    ),
    st.sampled_from(["", "IfExists"]),
)
tests = st.dictionaries(keys, st.one_of(values, st.lists(values, min_size=1, max_size=3)), min_size=1, max_size=2)
nulls = st.dictionaries(keys, st.sampled_from(["true", "false"]), min_size=1, max_size=1)
conditions = st.one_of(
    st.just({}),
    st.dictionaries(operators, tests, max_size=2),
    st.builds(lambda test, null: {**test, "Null": null}, st.dictionaries(operators, tests, max_size=1), nulls),
)


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    principal, action, resource = (
        draw(st.sampled_from(pair))
        for pair in (("Principal", "NotPrincipal"), ("Action", "NotAction"), ("Resource", "NotResource"))
    )
    return {
        "Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"])),
        principal: draw(principals),
        action: draw(st.one_of(patterns, st.lists(patterns, min_size=1, max_size=2))),
        resource: draw(resources),
        "Condition": draw(conditions),
    }


documents = st.builds(lambda found: {"Version": "2012-10-17", "Statement": found}, st.lists(statements(), max_size=4))
SAME = {"allow": PolicyResult.ALLOWED, "deny": PolicyResult.EXPLICIT_DENY, "none": PolicyResult.IMPLICIT_DENY}


@given(documents, st.sampled_from(ACTIONS), st.booleans())
def test_what_the_doctor_says_of_a_policy_is_what_aws_does(
    document: dict[str, Any], action: str, by_name: bool
) -> None:
    request = Request(action=action, resource=KEY, condition_keys=CONTEXT, absent_keys=frozenset(ABSENT))
    said = evaluate(document, Principal(account=OWN, arn=ROLE), request, by_name=by_name).result

    done = decide([document], action=action, resource=KEY, context=CONTEXT, principal=ROLE, by_name=by_name)

    event(said)
    assert said is SAME[done]


@given(documents, st.sampled_from(ACTIONS), st.sets(st.sampled_from(sorted(CONTEXT)), min_size=1))
def test_what_is_not_known_makes_it_unclear_and_never_wrong(
    document: dict[str, Any], action: str, unknown: set[str]
) -> None:
    """Whatever the value of a key turns out to be, a yes or a no stays what it was."""
    known = {name: value for name, value in CONTEXT.items() if name not in unknown}
    request = Request(action=action, resource=KEY, condition_keys=known, absent_keys=frozenset(ABSENT))
    said = evaluate(document, Principal(account=OWN, arn=ROLE), request).result

    event(said)
    if said is not PolicyResult.UNCLEAR:
        assert said is SAME[decide([document], action=action, resource=KEY, context=CONTEXT, principal=ROLE)]
