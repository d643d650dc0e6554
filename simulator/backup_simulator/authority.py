"""What all policies of a caller say together: service control policies, permissions boundary, session and identity.

An explicit deny anywhere denies. Without one, every level of service control policies, the boundary and the session
policy must each allow what the identity policies allow. An Allow of a resource's own policy stands in for the identity
policies of the same account alone: boundary and session policy bound it, as AWS bounds an Allow that names a role.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html; the
reasons are worded as in troubleshoot_access-denied.html.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from backup_simulator.identity import Identity
from backup_simulator.model import Caller
from backup_simulator.policy import Statement, decide, names_action, statements

Document = Mapping[str, Any]
ALLOW_ALL: tuple[Document, ...] = ({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]},)
IDENTITY = "identity-based policy"
MEMORY = 10_000


class Verdict(NamedTuple):
    """What comes of it: "allow", "deny", or "none" where only an Allow of the identity policies is missing.

    `reason` is worded as AWS words it.
    """

    outcome: str
    reason: str


class _Layer(NamedTuple):
    """The policies of one kind; one of them must allow."""

    kind: str
    documents: Sequence[Document]


@dataclass(kw_only=True)
class _Relevant:
    """What a caller's policies say of an action. `always` where resource and conditions do not matter."""

    policies: tuple[Any, ...]
    layers: tuple[_Layer, ...]
    always: Verdict | None
    verdicts: dict[tuple[Any, ...], Verdict] = field(default_factory=dict)


class Authority:
    """Remembers verdicts per caller and action, until one of the policies is another."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._relevant: dict[tuple[Caller, str], _Relevant] = {}

    def verdict(self, caller: Caller, action: str, resource: str, context: Mapping[str, Any]) -> Verdict:
        """What a caller's own policies, and his organization's, say of an action."""
        policies = self._policies(caller)
        known = self._relevant.get((caller, action))
        if known is None or not all(map(_is_same, known.policies, policies)):
            known = self._relevant[caller, action] = _relevant(policies, action)
        if known.always is not None:
            return known.always
        marks = (resource, *context.items())
        if marks not in known.verdicts:
            if len(known.verdicts) > MEMORY:
                known.verdicts.clear()
            full = {**self._identity.context_of(caller.account, caller.name), **context}
            known.verdicts[marks] = _together(known.layers, action, resource, full)
        return known.verdicts[marks]

    def _policies(self, caller: Caller) -> tuple[Any, ...]:
        """Service control policies, boundary, session policy, identity policies; an administrator may do everything."""
        role = self._identity.roles.get(caller.role_arn or "")
        levels = () if caller.is_service_linked else self._identity.service_control.get(caller.account, ())
        if role is None:
            return levels, None, None, ALLOW_ALL if caller.role_arn is None else ()
        return levels, role.boundary, caller.session_policy, role.policies


def _is_same(one: Any, other: Any) -> bool:
    return one is other


def _relevant(policies: tuple[Any, ...], action: str) -> _Relevant:
    levels, boundary, session, own = policies
    kinds = [("service control policy", level) for level in levels]
    kinds += [("permissions boundary", (boundary,))] if boundary is not None else []
    kinds += [("session policy", (_parsed(session),))] if session is not None else []
    layers = tuple(_Layer(kind, _about(documents, action)) for kind, documents in [*kinds, (IDENTITY, own)])
    everything = [each for layer in layers for each, _ in statements(layer.documents)]
    always = _together(layers, action, "*", {}) if all(map(_is_plain, everything)) else None
    return _Relevant(policies=policies, layers=layers, always=always)


@lru_cache(maxsize=256)
def _parsed(text: str) -> Document:
    document: Document = json.loads(text)
    return document


def _about(documents: Sequence[Document], action: str) -> list[Document]:
    """The documents with only those statements that are about an action."""
    return [
        {**document, "Statement": [each for each, _ in statements([document]) if names_action(each, action)]}
        for document in documents
    ]


def _is_plain(statement: Statement) -> bool:
    return statement.get("Resource") == "*" and not statement.get("Condition")


def _together(layers: Sequence[_Layer], action: str, resource: str, context: Mapping[str, Any]) -> Verdict:
    said = [
        (layer.kind, decide(layer.documents, action=action, resource=resource, context=context)) for layer in layers
    ]
    for kind, verdict in said:
        if verdict == "deny":
            return Verdict("deny", f"with an explicit deny in {'an' if kind == IDENTITY else 'a'} {kind}")
    for kind, verdict in said:
        if verdict == "none":
            outcome = "none" if kind == IDENTITY else "deny"
            return Verdict(outcome, f"because no {kind} allows the {action} action")
    return Verdict("allow", "")
