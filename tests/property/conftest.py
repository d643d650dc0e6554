"""How hard the properties are tried: the same examples each time, or fresh and many (HYPOTHESIS_PROFILE=fresh)."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=120)
settings.register_profile("fresh", deadline=None, max_examples=3000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))
