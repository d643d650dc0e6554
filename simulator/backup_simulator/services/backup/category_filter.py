"""The filter of copy jobs by their message category."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backup_simulator.errors import NotModelled
from backup_simulator.message_categories import CATEGORIES, SUCCESS, UNCLEAR

ANY = "ANY"


def check_category(request: Mapping[str, Any]) -> None:
    """Raises NotModelled for a category that no page explains for a list of jobs.

    Of categories the names are documented (devguide/backup-dashboards), and ANY.
    """
    category = request.get("ByMessageCategory", ANY)
    if category != ANY and not any(is_category(category, name) for name in (*CATEGORIES.values(), SUCCESS, UNCLEAR)):
        raise NotModelled(f"ByMessageCategory {category} is not modelled")


def is_category(asked: str, category: str) -> bool:
    """Whether a job's category is meant. AWS's pages spell them in two ways: AccessDenied, ACCESS_DENIED."""
    return asked == ANY or _letters(asked) == _letters(category)


def _letters(category: str) -> str:
    return category.replace("_", "").lower()
