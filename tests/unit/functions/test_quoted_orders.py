"""Every order that the documents and the messages quote is accepted, with every RouteName and for first hops."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.stage import DR, HOME
from tests.orders import PAYLOAD, quoted_orders, quoted_texts
from tests.stranded_copies import with_stranded_copies

ORDERS = quoted_orders()


@pytest.mark.parametrize("region", [DR, HOME], ids=["second hop", "first hop"])
@pytest.mark.parametrize("route", ["default", "finance"])
@pytest.mark.parametrize("order", ORDERS)
def test_a_quoted_order_is_accepted(order: str, route: str, region: str) -> None:
    stage, point = with_stranded_copies(route, region)
    payload: dict[str, Any] = {**ORDERS[order][0]}
    if "recovery_point" in payload:
        assert payload["recovery_point"] == "ARN"
        payload["recovery_point"] = point

    answer = stage.main.functions["OperateChains"](payload)

    assert answer["is_accepted"], answer["message"]


def test_each_verb_is_quoted_with_a_command() -> None:
    assert {payload["verb"] for payload, _ in ORDERS.values()} == {"retry", "abandon", "adopt", "pause", "resume"}
    commanded = sum(len(PAYLOAD.findall(command)) for _, command in ORDERS.values())
    assert commanded == sum(len(PAYLOAD.findall(text)) for _, text in quoted_texts())


def test_a_route_that_is_named_is_taken_as_it_is() -> None:
    stage, point = with_stranded_copies("finance", HOME)
    operate = stage.main.functions["OperateChains"]
    order = {"verb": "retry", "by": "ada", "recovery_point": point}

    assert not operate({**order, "route": "finance"})["is_accepted"]
    assert operate({**order, "route": "finance.first"})["is_accepted"]
    assert "this installation has: finance" in operate({"verb": "pause", "by": "ada", "route": "other"})["message"]


def test_an_unknown_verb_is_named_even_if_the_order_lacks_a_name() -> None:
    stage, _ = with_stranded_copies("default", DR)

    message = stage.main.functions["OperateChains"]({"verb": "status"})["message"]

    assert message == "verb is 'status'; it should be one of: retry, abandon, adopt, pause, resume"
