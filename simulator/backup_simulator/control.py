"""The control endpoint for tests over HTTP: move the clock, create resources, set faults, show the world.

Each action takes a JSON object. A wrong one is answered with status 400 and one sentence, and what is not modelled with
501.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from backup_simulator.errors import NotModelled, Refused
from backup_simulator.eventbridge import RuleTarget
from backup_simulator.switches import Delivery
from backup_simulator.world import World

CONTROL = "/_control/"
NOT_IMPLEMENTED = 501
ACCOUNT_MAKES = (
    "create_role",
    "create_service_linked_role",
    "delete_role",
    "join_organization",
    "add_policy",
    "bound_role",
    "set_service_control_policies",
)
SITE_MAKES = (
    "create_key",
    "create_vault",
    "create_database",
    "create_queue",
    "create_topic",
    "put_rule",
    "put_bus_policy",
    "hold_point",
    "release_point",
    "enable_key",
    "disable_key",
)
# The JSON types of parameters. Others are checked where they are used.
TYPES: dict[str, type | tuple[type, ...]] = {
    "str": str,
    "int": int,
    "float": (int, float),
    "bool": bool,
    "dict[str, Any]": dict,
    "Sequence[dict[str, Any]]": list,
}


class ControlError(ValueError):
    """A request to the control endpoint is wrong. The message is one sentence."""


def reply(world: World, action: str, body: bytes) -> tuple[int, str, bytes]:
    """Status, content type and body of the answer."""
    try:
        given = json.loads(body) if body else {}
    except ValueError:
        return _refusal(f"The body of {action!r} is no JSON.")
    if not isinstance(given, dict):
        return _refusal(f"{action!r} takes a JSON object.")
    try:
        answer = _carried_out(world, action, given)
    except (ValueError, KeyError, OverflowError, Refused) as error:
        return _refusal(str(error.args[0] if isinstance(error, KeyError) else error))
    except NotModelled as unknown:
        return NOT_IMPLEMENTED, "application/json", json.dumps({"error": str(unknown)}).encode()
    except (TypeError, AttributeError) as error:
        return _refusal(f"{action!r} cannot use what was given: {error}.")
    return 200, "application/json", json.dumps(answer, default=_text).encode()


def _refusal(sentence: str) -> tuple[int, str, bytes]:
    return 400, "application/json", json.dumps({"error": sentence}).encode()


def _carried_out(world: World, action: str, given: dict[str, Any]) -> Any:
    faults = world.faults
    plain: dict[str, Callable[..., Any]] = {
        "fail-copy-job": faults.fail_copy_job,
        "refuse": faults.refuse,
        "refuse-entries": faults.refuse_entries,
        "die": faults.die,
        "clear": faults.clear,
    }
    match action:
        case "advance":
            return _advance(world, given)
        case "world":
            return _dump(world)
        case "make":
            return {"made": _make(world, given)}
        case "delivery":
            world.set_delivery(Delivery.named(given))
        case "flaky":
            share, operations = given.pop("share", None), given.pop("operations", [])
            if isinstance(share, bool) or not isinstance(share, int | float) or not isinstance(operations, list):
                raise ControlError("flaky needs a share, a number, and takes operations, a list")
            faults.flaky(share, *operations, **_checked(action, faults.flaky, given, taken=("share",)))
        case _ if action in plain:
            plain[action](**_checked(action, plain[action], given))
        case _:
            known = sorted([*plain, "advance", "delivery", "flaky", "make", "world"])
            raise ControlError(f"there is no control {action!r}; there are {', '.join(known)}")
    return {}


def _advance(world: World, given: dict[str, Any]) -> dict[str, Any]:
    seconds = given.get("seconds")
    if given.keys() != {"seconds"} or isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise ControlError("advance takes seconds, a number, and nothing else")
    if seconds < 0:
        raise ControlError(f"time does not go back: {seconds} seconds")
    world.run_for(timedelta(seconds=seconds))
    return {"now": world.now()}


def _checked(action: str, function: Callable[..., Any], given: dict[str, Any], taken: tuple[str, ...] = ()) -> Any:
    """The given arguments, if the function accepts them. Raises ControlError."""
    parameters = {name: each for name, each in inspect.signature(function).parameters.items() if name not in taken}
    known = {name: each for name, each in parameters.items() if each.kind is not inspect.Parameter.VAR_POSITIONAL}
    if unknown := sorted(given.keys() - known.keys()):
        raise ControlError(f"{action} does not take {', '.join(unknown)}; it takes {', '.join(known) or 'nothing'}")
    if missing := [name for name, each in known.items() if each.default is each.empty and name not in given]:
        raise ControlError(f"{action} needs {', '.join(missing)}")
    for name, value in given.items():
        wanted = known[name].annotation
        is_bool = isinstance(value, bool) and wanted != "bool"
        if wanted in TYPES and (is_bool or not isinstance(value, TYPES[wanted])):
            raise ControlError(f"{name} of {action} is of type {wanted}, not {json.dumps(value)}")
    return given


def _make(world: World, given: dict[str, Any]) -> Any:
    what, account, region = given.pop("what", None), given.pop("account", None), given.pop("region", None)
    if not isinstance(account, str) or not account.isdecimal() or len(account) != len("111122223333"):
        raise ControlError(f"make needs an account of twelve digits, as a text, not {json.dumps(account)}")
    if what in ACCOUNT_MAKES:
        function = getattr(world.account(account), what)
        return function(**_checked(what, function, given))
    if what not in SITE_MAKES or not isinstance(region, str):
        names = ", ".join(ACCOUNT_MAKES + SITE_MAKES)
        raise ControlError(
            f"{what!r} of {account} cannot be made: give a Region for what lives in one; known are {names}"
        )
    function = getattr(world.site(account, region), what)
    _checked(what, function, given)
    if what == "put_rule":
        given["targets"] = [RuleTarget(**_checked("a target", RuleTarget, each)) for each in given["targets"]]
    made = function(**given)
    return {"arn": made.arn, "url": made.url} if what == "create_queue" else made


def _dump(world: World) -> dict[str, Any]:
    return {
        "now": world.now(),
        "recovery_points": [asdict(point) for point in world.recovery_points()],
        "copy_jobs": [asdict(job) for job in world.copy_jobs()],
        "deletions": [asdict(deletion) for deletion in world.deletions()],
        "calls": {" ".join(key): count for key, count in world.calls.items()},
        "trace": [line._asdict() for line in world.trace],
    }


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
