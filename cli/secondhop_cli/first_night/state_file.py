"""The file that lists what a run made. It is written before each thing is made, and removed with the last one.

Only what this file lists is deleted.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

from secondhop.domain.arn import Site
from secondhop_cli.first_night.settings import Settings

VERSION = 1


class UnreadableStateError(Exception):
    """The state file is not one of this version."""


class Kind(StrEnum):
    """Kinds of things, in the order in which they are removed."""

    LOCK = "vault lock"
    POINT = "recovery point"
    VAULT = "vault"
    RULE = "event rule"
    QUEUE = "queue"
    ROLE = "role"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """Something that the run made, or was about to make. `name` is what its API needs: a name, an ARN or a URL."""

    kind: Kind
    account: str
    region: str
    name: str

    @property
    def site(self) -> Site:
        return Site(self.account, self.region)

    def __str__(self) -> str:
        return f"{self.kind} {self.name} in {self.site}"


class StateFile:
    """The things of one run, on the disk."""

    def __init__(self, path: Path, settings: Settings, profiles: dict[str, str | None], things: list[Thing]) -> None:
        self.path = path
        self.settings = settings
        self.profiles = profiles
        self._things = things

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises OSError, or UnreadableStateError."""
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            if stored["version"] != VERSION:
                raise UnreadableStateError(f"{path} has version {stored['version']}, and this program reads {VERSION}")
            things = [Thing(**each | {"kind": Kind(each["kind"])}) for each in stored["things"]]
            return cls(path, Settings.of_json(stored["settings"]), stored["profiles"], things)
        except (ValueError, TypeError, KeyError) as error:
            raise UnreadableStateError(f"{path} is no state file of first-night ({error})") from error

    @property
    def things(self) -> list[Thing]:
        """What is not removed yet, in the order in which it is removed."""
        order = list(Kind)
        return sorted(self._things, key=lambda each: order.index(each.kind))

    def of_kind(self, kind: Kind) -> list[Thing]:
        return [each for each in self._things if each.kind is kind]

    def add(self, kind: Kind, site: Site, name: str) -> Thing:
        """List a thing. Call it before the thing is made."""
        thing = Thing(kind=kind, account=site.account, region=site.region, name=name)
        if thing not in self._things:
            self._things.append(thing)
            self.write()
        return thing

    def remove(self, thing: Thing) -> None:
        """Forget a thing that does not exist any more. The file ends with the last one."""
        if thing in self._things:
            self._things.remove(thing)
        self.write()

    def write(self) -> None:
        """Replace the file in one step, or remove it if nothing is left."""
        if not self._things:
            self.path.unlink(missing_ok=True)
            return
        stored = {
            "version": VERSION,
            "settings": self.settings.as_json(),
            "profiles": self.profiles,
            "things": [asdict(each) for each in self._things],
        }
        beside = self.path.with_name(self.path.name + ".new")
        beside.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")
        beside.replace(self.path)
