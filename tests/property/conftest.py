"""How hard the properties are tried: the same examples each time, fresh and many (HYPOTHESIS_PROFILE=fresh), or few."""

from __future__ import annotations

import os

from hypothesis import Phase, settings

settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=120)
settings.register_profile("fresh", deadline=None, max_examples=3000)
# For mutation testing, which runs them for each of thousands of mutants, and asks only whether an example fails.
settings.register_profile("few", derandomize=True, deadline=None, max_examples=20, phases=(Phase.generate,))
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))
