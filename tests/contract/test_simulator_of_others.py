"""Queues, topics and functions of another account or Region: their use is refused by name, never allowed.

API_SendMessage, API_DeleteQueue, API_Publish, API_Invoke: each needs a resource policy that is not modelled here, and
DeleteQueue has no permission across accounts at all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from backup_simulator import NotModelled, World
from tests.simulated_place import DR, HOME, A, B

PLACES = [(B, HOME), (A, DR)]


def queue_calls(sqs: Any, url: str) -> list[Callable[[], Any]]:
    return [
        lambda: sqs.send_message(QueueUrl=url, MessageBody="x"),
        lambda: sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "a", "MessageBody": "x"}]),
        lambda: sqs.receive_message(QueueUrl=url),
        lambda: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]),
        lambda: sqs.delete_queue(QueueUrl=url),
    ]


@pytest.mark.parametrize(("account", "region"), PLACES)
def test_a_queue_of_others_is_not_used(account: str, region: str) -> None:
    world = World()
    url = world.session(A, region=HOME).client("sqs").create_queue(QueueName="ours")["QueueUrl"]
    for call in queue_calls(world.session(account, region=region).client("sqs"), url):
        with pytest.raises(NotModelled, match="another account or Region"):
            call()

    assert world.session(A, region=HOME).client("sqs").get_queue_url(QueueName="ours")["QueueUrl"] == url


@pytest.mark.parametrize(("account", "region"), PLACES)
def test_a_topic_of_others_gets_no_message(account: str, region: str) -> None:
    world = World()
    topic = world.site(A, HOME).create_topic("ours")
    with pytest.raises(NotModelled, match="another account or Region"):
        world.session(account, region=region).client("sns").publish(TopicArn=topic, Message="x")


@pytest.mark.parametrize("name", ["f:$LATEST", f"{A}:function:f", f"arn:aws:lambda:{HOME}:{A}:function:f:1"])
def test_a_qualified_function_name_is_refused_by_name(name: str) -> None:
    client: Any = World().session(A, region=HOME).client("lambda")
    with pytest.raises(NotModelled, match="is not modelled"):
        client.invoke(FunctionName=name)


@pytest.mark.parametrize(("account", "region"), PLACES)
@pytest.mark.parametrize("name", ["ours", "unknown"])
def test_a_function_of_others_is_not_invoked(account: str, region: str, name: str) -> None:
    world = World()
    heard: list[Any] = []
    function = world.site(A, HOME).create_function("ours", heard.append).replace("ours", name)
    client: Any = world.session(account, region=region).client("lambda")
    with pytest.raises(NotModelled, match="another account or Region"):
        client.invoke(FunctionName=function)

    assert heard == []
