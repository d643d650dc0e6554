"""What surrounds the simulated AWS Backup: events, sessions, policies, and one source of chance."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from backup_simulator import Delivery, NotModelled, RuleTarget, World
from backup_simulator.matching import matches
from tests.simulated_place import DR, HOME, SERVICE, A, B, Place


def test_an_assumed_session_ends_on_the_virtual_clock_and_wants_its_external_id() -> None:
    world = World()
    condition = {"StringEquals": {"sts:ExternalId": "handshake"}}
    trust = {
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": A}, "Action": "sts:AssumeRole", "Condition": condition}]
    }
    role = world.account(B).create_role("operator", trust=trust)
    world.account(A)
    session = world.session(A, region=HOME)
    sts = session.client("sts")
    with pytest.raises(ClientError):
        sts.assume_role(RoleArn=role, RoleSessionName="test")

    granted = sts.assume_role(RoleArn=role, RoleSessionName="test", ExternalId="handshake")["Credentials"]
    client = session.client(
        "sts",
        aws_access_key_id=granted["AccessKeyId"],
        aws_secret_access_key=granted["SecretAccessKey"],
        aws_session_token=granted["SessionToken"],
    )
    assert client.get_caller_identity()["Account"] == B
    world.run_for(timedelta(hours=1))
    with pytest.raises(ClientError, match="expired"):
        client.get_caller_identity()


def test_operations_that_are_not_modelled_are_refused_by_name() -> None:
    place = Place()

    with pytest.raises(NotModelled, match="backup:ListLegalHolds"):
        place.client.list_legal_holds()
    with pytest.raises(NotModelled, match="s3:ListBuckets"):
        place.world.session(A).client("s3").list_buckets()


PUT = {"Statement": [{"Effect": "Allow", "Action": "events:PutEvents", "Resource": "*"}]}


def forwarded(world: World, *, policy: bool, rights: dict[str, Any] = PUT) -> list[Any]:
    """Events of account A, forwarded to B, and from there to a third bus."""
    sender, receiver, third = world.site(A, HOME), world.site(B, HOME), world.site(B, DR)
    role = world.account(A).create_role("forward", trust=SERVICE, policies=[rights])
    bus = f"arn:aws:events:{HOME}:{B}:event-bus/default"
    sender.put_rule("out", pattern={"source": ["aws.backup"]}, targets=[RuleTarget(id="x", arn=bus, role_arn=role)])
    if policy:
        allow = {"Effect": "Allow", "Principal": {"AWS": A}, "Action": "events:PutEvents", "Resource": bus}
        receiver.put_bus_policy(allow)
    queue = receiver.create_queue("in")
    onward = f"arn:aws:events:{DR}:{B}:event-bus/default"
    targets = [RuleTarget(id="q", arn=queue.arn), RuleTarget(id="on", arn=onward, role_arn=role)]
    receiver.put_rule("in", pattern={"account": [A]}, targets=targets)
    lost = third.create_queue("third")
    third.put_rule("third", pattern={"account": [A]}, targets=[RuleTarget(id="q", arn=lost.arn)])
    world.emit(A, HOME, "Copy Job State Change", [], {})
    world.run_for(timedelta(minutes=10))
    assert lost.messages == {}
    return list(queue.messages.values())


def test_forwarded_events_keep_their_account_and_go_no_third_hop() -> None:
    (message,) = forwarded(World(), policy=True)

    assert f'"account": "{A}"' in message.body


def test_a_bus_without_a_policy_receives_nothing_from_another_account() -> None:
    assert forwarded(World(), policy=False) == []


def test_a_rule_whose_role_may_not_put_events_on_the_other_bus_forwards_nothing() -> None:
    assert forwarded(World(), policy=True, rights={"Statement": []}) == []


def test_events_may_be_lost_doubled_and_late() -> None:
    for delivery, count in ((Delivery(loss=1.0), 0), (Delivery(duplicate=1.0), 2), (Delivery(reorder=1.0), 1)):
        world = World(delivery=delivery)
        queue = world.site(A, HOME).create_queue("in")
        targets = [RuleTarget(id="q", arn=queue.arn)]
        world.site(A, HOME).put_rule("in", pattern={"source": ["aws.backup"]}, targets=targets)
        world.emit(A, HOME, "Copy Job State Change", [], {})
        world.run_for(timedelta(hours=1))

        assert len(queue.messages) == count


@pytest.mark.parametrize(
    ("pattern", "event", "expected"),
    [
        ({"a": ["x"]}, {"a": "x"}, True),
        ({"a": ["x"]}, {"a": ["y", "x"]}, True),
        ({"a": ["1"]}, {"a": 1}, False),
        ({"a": {"b": ["x"]}}, {"a": "x"}, False),
        ({"a": [{"exists": False}]}, {}, True),
        ({"a": [{"exists": True}]}, {"a": {}}, False),
        ({"a": [{"prefix": "ab"}]}, {"a": "abc"}, True),
        ({"a": [{"suffix": "bc"}]}, {"a": "abc"}, True),
        ({"a": [{"anything-but": ["x"]}]}, {"a": "y"}, True),
        ({"a": [{"anything-but": {"prefix": "x"}}]}, {"a": "xy"}, False),
        ({"a": [{"wildcard": "a*c*e"}]}, {"a": "abcde"}, True),
        ({"a": [{"wildcard": "a*c"}]}, {"a": "abd"}, False),
        ({"a": [{"equals-ignore-case": "X"}]}, {"a": "x"}, True),
        ({"$or": [{"a": ["x"]}, {"b": ["y"]}]}, {"b": "y"}, True),
    ],
)
def test_event_patterns_match_as_eventbridge_matches(
    pattern: dict[str, Any], event: dict[str, Any], *, expected: bool
) -> None:
    assert matches(pattern, event) is expected


def trace_of(seed: int) -> list[str]:
    place = Place(seed=seed, delivery=Delivery(duplicate=0.3, loss=0.3, reorder=0.3))
    place.copy()
    place.world.run_for(timedelta(hours=5))
    return [f"{line.at} {line.kind} {line.text} {line.facts}" for line in place.world.trace]


def test_the_same_seed_gives_the_same_trace_and_another_gives_another() -> None:
    assert trace_of(5) == trace_of(5)
    assert trace_of(5) != trace_of(6)
