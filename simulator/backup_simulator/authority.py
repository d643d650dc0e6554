"""Evaluates all policies of a caller together: service control policies, permissions boundary, session and identity.

An explicit deny anywhere denies. Without one, every level of service control policies, the boundary and the session
policy must each allow what the identity policies allow. An Allow of a resource policy replaces only the identity
policies of the same account. Boundary and session policy still limit it, as in AWS for an Allow that names a role.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html; the
reasons are worded as in troubleshoot_access-denied.html.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from backup_simulator.identity import Identity
from backup_simulator.model import Caller
from backup_simulator.policy import Statement, allowing, decide, names_action, statements

Document = Mapping[str, Any]
ALLOW_ALL: tuple[Document, ...] = ({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]},)
IDENTITY = "identity-based policy"
MEMORY = 10_000


class Verdict(NamedTuple):
    """The result: "allow", "deny", or "none" if only an Allow of the identity policies is missing.

    `reason` is worded as AWS words it.
    """

    outcome: str
    reason: str


ALWAYS = Verdict("allow", "")


class Grant(NamedTuple):
    """An action that a role was allowed, and the statement of its policies that allowed it."""

    role_arn: str
    sid: str
    action: str
    resource: str


class _Layer(NamedTuple):
    """The policies of one kind. One of them must allow."""

    kind: str
    documents: Sequence[Document]


@dataclass(kw_only=True, slots=True)
class _Relevant:
    """What a caller's policies say about an action. `always`: for every resource and every condition."""

    levels: Any
    boundary: Any
    own: Any
    layers: tuple[_Layer, ...]
    always: Verdict | None
    verdicts: dict[tuple[Any, ...], Verdict] = field(default_factory=dict)


class Authority:
    """Caches verdicts per caller and action until one of the policies changes."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self.grants: Counter[Grant] | None = None
        """What roles were allowed so far, and how often. None, the default, keeps no record."""
        self._known: dict[tuple[str, str | None, str], _Relevant] = {}
        self._always: dict[tuple[str, str | None, tuple[str, ...]], tuple[Any, Any, Any, bool]] = {}

    def verdict(self, caller: Caller, action: str, resource: str, context: Mapping[str, Any]) -> Verdict:
        """What the policies of a caller and its organization say about an action."""
        verdict = self._verdict(caller, action, resource, context)
        if self.grants is not None and verdict == ALWAYS:
            self._record(self.grants, caller, action, resource, context)
        return verdict

    def _record(
        self, grants: Counter[Grant], caller: Caller, action: str, resource: str, context: Mapping[str, Any]
    ) -> None:
        role = self._identity.roles.get(caller.role_arn or "")
        full = self._full(caller, action, resource, context)
        for each in allowing(role.policies if role else (), action=action, resource=resource, context=full):
            grants[Grant(caller.name, each.get("Sid", ""), action, resource)] += 1

    def _verdict(self, caller: Caller, action: str, resource: str, context: Mapping[str, Any]) -> Verdict:
        known = self._relevant(caller, action)
        if known.always is not None:
            return known.always
        organizations = self._identity.organization_of(caller.account), self._identity.organization_of(_owner(resource))
        marks = (resource, organizations, *context.items())
        if marks not in known.verdicts:
            if len(known.verdicts) > MEMORY:
                known.verdicts.clear()
            full = self._full(caller, action, resource, context)
            known.verdicts[marks] = _together(known.layers, action, resource, full)
        return known.verdicts[marks]

    def _full(self, caller: Caller, action: str, resource: str, context: Mapping[str, Any]) -> dict[str, Any]:
        """All condition keys of a request."""
        identity = self._identity
        about = identity.about(action, resource, caller.account)
        return {**identity.context_of(caller.account, caller.name), **about, **context}

    def always_allows(self, caller: Caller, actions: tuple[str, ...]) -> bool:
        """Whether a caller may do all these actions to every resource under all conditions."""
        policies = levels, boundary, own = self._policies(caller)
        place = (caller.name, caller.session_policy, actions)
        known = self._always.get(place)
        if known is None or known[0] is not levels or known[1] is not boundary or known[2] is not own:
            is_so = all(self._relevant(caller, action).always == ALWAYS for action in actions)
            known = self._always[place] = (*policies, is_so)
        return known[3]

    def _policies(self, caller: Caller) -> tuple[Any, Any, Any]:
        """Service control policies, boundary and own policies: the same objects until they change."""
        identity = self._identity
        levels = identity.service_control.get(caller.account, ())
        boundary, own = None, ALLOW_ALL
        if caller.role_arn is not None:
            role = identity.roles.get(caller.role_arn)
            boundary, own = (role.boundary, role.policies) if role is not None else (None, ())
        return levels, boundary, own

    def _relevant(self, caller: Caller, action: str) -> _Relevant:
        levels, boundary, own = self._policies(caller)
        place = (caller.name, caller.session_policy, action)
        known = self._known.get(place)
        if known is None or known.levels is not levels or known.boundary is not boundary or known.own is not own:
            known = self._known[place] = _collected(caller, action, levels, boundary, own)
        return known


def _owner(resource: str) -> str:
    return resource.split(":", 5)[4] if resource.count(":") >= 5 else ""


def _collected(caller: Caller, action: str, levels: Any, boundary: Any, own: Any) -> _Relevant:
    kinds: list[tuple[str, Sequence[Document]]] = []
    if not caller.is_service_linked:
        kinds += [("service control policy", level) for level in levels]
    if boundary is not None:
        kinds.append(("permissions boundary", (boundary,)))
    if caller.session_policy is not None:
        kinds.append(("session policy", (_parsed(caller.session_policy),)))
    layers = tuple(_Layer(kind, _about(documents, action)) for kind, documents in [*kinds, (IDENTITY, own)])
    everything = [each for layer in layers for each, _ in statements(layer.documents)]
    always = _together(layers, action, "*", {}) if all(map(_is_plain, everything)) else None
    return _Relevant(levels=levels, boundary=boundary, own=own, layers=layers, always=always)


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
    return ALWAYS
