"""What the environment says about logs and metrics of every function."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from tests.running_functions import Running

EVENTS: dict[str, dict[str, Any]] = {
    "AdvanceChain": {"source": "aws.ec2", "detail-type": "news", "detail": {}},
    "SweepChains": {},
    "OperateChains": {"verb": "pause", "by": "ada"},
}
SAID = ("POWERTOOLS_SERVICE_NAME", "POWERTOOLS_LOG_LEVEL", "POWERTOOLS_METRICS_NAMESPACE")


@pytest.mark.parametrize("name", EVENTS)
def test_the_service_of_logs_and_metrics_is_the_one_of_the_environment(name: str) -> None:
    function = Running(name, POWERTOOLS_SERVICE_NAME="other", POWERTOOLS_METRICS_NAMESPACE="Others")
    function(EVENTS[name])

    (line,) = function.logged
    assert (line["service"], line["function_name"], line["function_request_id"]) == ("other", name, f"{name}-1")
    assert function.namespaces == ({("Others", "other")} if name != "OperateChains" else set())


@pytest.mark.parametrize("name", EVENTS)
def test_a_function_logs_from_the_level_of_the_environment_on(name: str) -> None:
    function = Running(name, POWERTOOLS_LOG_LEVEL="ERROR", POWERTOOLS_SERVICE_NAME=f"quiet-{name}")
    function(EVENTS[name])

    assert function.logged == []


@pytest.mark.parametrize("name", EVENTS)
def test_a_function_that_is_told_nothing_logs_decisions_under_the_names_of_the_documentation(name: str) -> None:
    # Powertools keeps a logger with its first stream for the life of the process; another test may have made it.
    logging.Logger.manager.loggerDict.pop("secondhop", None)
    function = Running(name, without=SAID)
    function(EVENTS[name])

    (line,) = function.logged
    assert (line["service"], line["level"]) == ("secondhop", "INFO")
    assert function.namespaces == ({("SecondHop", "secondhop")} if name != "OperateChains" else set())
