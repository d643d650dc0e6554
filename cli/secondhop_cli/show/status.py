"""`secondhop status`: which databases are safe. Exit codes: 1 one is not safe, 2 usage, 3 not everything was seen."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from secondhop.application.status import Status, look
from secondhop.domain.announcing import database_name
from secondhop.domain.protection import Protection, Safety
from secondhop_cli.ending import FAILED
from secondhop_cli.show.places import NotSeen, Open, Place, add_places, chosen_places, open_views, reading
from secondhop_cli.show.words import count, duration, moment, next_step, write_table

NOT_SEEN = 3
SCHEMA = 1
HEADINGS = ("DATABASE", "TYPE", "REGION", "NEWEST COPY (UTC)", "WOULD LOSE", "SAFETY")
COLUMNS = (
    *("installation", "database", "resource_type", "vault", "safety", "recovery_point", "backed_up_at", "seen_at"),
    *("loss_seconds", "target_seconds", "state", "cause", "reason"),
)
Shown = tuple[Place, Status]
Clock = Callable[[], datetime]


def add_status(commands: Any) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "status",
        help="show which databases are safe",
        description="Shows which databases are safe, worst first. It reads the table and asks AWS Backup nothing.",
        epilog="Examples: secondhop status --stack second-hop --region eu-west-1;"
        " secondhop status --stack one@eu-west-1 --stack two@eu-north-1 --json."
        " Exit codes: 0 all are safe, 1 one is not safe, 2 usage error, 3 something was not seen.",
    )
    add_places(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="write one JSON object")
    form.add_argument("--csv", action="store_true", help="write a line for each database and vault")
    parser.set_defaults(run=show_status)


def show_status(
    chosen: argparse.Namespace, *, opened: Open = open_views, session: Any = None, now: Clock | None = None
) -> int:
    """Carry out the parsed command. Raises UsageError."""
    at = now() if now is not None else datetime.now(UTC)
    shown, unseen = list[Shown](), list[NotSeen]()
    for place in chosen_places(chosen, opened, session):
        if isinstance(place, NotSeen):
            unseen.append(place)
            continue
        status = reading(place, partial(look, now=at, target=place.target))
        if isinstance(status, NotSeen):
            unseen.append(status)
        else:
            shown.append((place, status))
    code = exit_code(shown, unseen)
    if chosen.json:
        sys.stdout.write(as_json(shown, unseen, at=at, code=code))
    elif chosen.csv:
        _write_csv(shown)
    else:
        _write_text(shown, unseen, at=at)
    if not chosen.json:
        sys.stderr.writelines(f"not seen: {each.name}: {each.why}.\n" for each in unseen)
    return code


def exit_code(shown: Sequence[Shown], unseen: Sequence[NotSeen]) -> int:
    """1 if a database is not safe, else 3 if something was not seen, else 0."""
    found = [each.safety for _, status in shown for each in status.protections]
    if Safety.NOT_SAFE in found:
        return FAILED
    is_whole = found and not unseen and not any(status.unreadable for _, status in shown)
    return NOT_SEEN if not is_whole or Safety.NOT_SEEN in found else 0


def answer(shown: Sequence[Shown], *, at: datetime) -> str:
    """The first line: how many databases are safe, where, and how old the look is."""
    found = [each for _, status in shown for each in status.protections]
    if not found:
        return "No recovery point has arrived yet, so no database is known."
    databases = {each.database: Safety.SAFE for each in found}
    for each in found:
        if each.safety is not Safety.SAFE:
            databases[each.database] = each.safety
    safe = sum(each is Safety.SAFE for each in databases.values())
    regions = sorted({each.vault.site.region for each in found if each.vault is not None})
    where = f" in {', '.join(regions)}" if regions else ""
    swept = min((status.swept_at for _, status in shown if status.swept_at is not None), default=None)
    age = f"checked {duration(at - swept)} ago" if swept is not None else "no sweep has ended yet"
    verb = "is" if safe == 1 else "are"
    return f"{safe} of {count(len(databases), 'database')} {verb} safe{where}; {age}."


def _write_text(shown: Sequence[Shown], unseen: Sequence[NotSeen], *, at: datetime) -> None:
    sys.stdout.write(f"{answer(shown, at=at)}\n")
    if unseen:
        sys.stdout.write(
            f"{count(len(unseen), 'installation')} could not be read: not all databases are in this answer.\n"
        )
    rows = [(place, each) for place, status in shown for each in status.protections]
    if rows:
        sys.stdout.write("\n")
        write_table(HEADINGS, (_row(each) for _, each in rows))
    for place, each in rows:
        if each.safety is not Safety.SAFE:
            sys.stdout.write(f"\n{each.safety.capitalize()}: {each.database}\n{_advice(each, place)}\n")
    for place, status in shown:
        sys.stdout.writelines(f"\nNot seen in {place.name}: {each}.\n" for each in status.unreadable)


def _row(each: Protection) -> tuple[str, ...]:
    return (
        database_name(each.database),
        each.resource_type,
        each.vault.site.region if each.vault is not None else "-",
        moment(each.backed_up_at),
        f"at most {duration(each.loss)}" if each.loss is not None else "everything",
        str(each.safety),
    )


def _advice(each: Protection, place: Place) -> str:
    """Why, and what to do."""
    first = f"  Why: {each.reason}."
    if each.chain is not None and each.trouble is not None:
        step = next_step(each.trouble, point=each.chain.key.recovery_point, options=place.options)
        return f"{first}\n  AWS or Second Hop said: {each.trouble.message}\n  Next: {step}"
    if each.safety is Safety.NOT_SEEN:
        return f"{first}\n  Next: run `secondhop doctor --region {place.installation.region}`."
    if each.chain is not None:
        return f"{first}\n  Next: Second Hop continues by itself; look again later."
    return (
        f"{first}\n  Next: see why no backup is made: `aws backup list-backup-jobs --by-resource-arn {each.database}`."
    )


def as_json(shown: Sequence[Shown], unseen: Sequence[NotSeen], *, at: datetime, code: int) -> str:
    """The documented JSON object (docs/operate.md), with a newline at its end."""
    document = {
        "schema": SCHEMA,
        "exit_code": code,
        "answer": answer(shown, at=at),
        "looked_at": at.isoformat(),
        "installations": [
            {"name": place.name, "swept_at": _iso(status.swept_at), "unreadable": list(status.unreadable)}
            for place, status in shown
        ],
        "not_seen": [{"name": each.name, "reason": each.why} for each in unseen],
        "databases": [dict(zip(COLUMNS, values, strict=True)) for values in _values(shown)],
    }
    return json.dumps(document, indent=2) + "\n"


def _write_csv(shown: Sequence[Shown]) -> None:
    lines = csv.writer(sys.stdout)
    lines.writerow(COLUMNS)
    lines.writerows(_values(shown))


def _values(shown: Sequence[Shown]) -> Iterable[tuple[Any, ...]]:
    for place, status in shown:
        for each in status.protections:
            yield (
                place.name,
                each.database,
                each.resource_type,
                each.vault.arn if each.vault is not None else None,
                str(each.safety),
                each.point,
                _iso(each.backed_up_at),
                _iso(each.seen_at),
                int(each.loss.total_seconds()) if each.loss is not None else None,
                int(each.target.total_seconds()),
                str(each.chain.state) if each.chain is not None else None,
                str(each.cause) if each.cause is not None else None,
                each.reason,
            )


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
