"""`secondhop first-night` against the simulator: it finds each switch's setting, and leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

from tests.first_nights import FirstNightPlace


def test_a_run_answers_every_question_that_it_lists_and_leaves_nothing(tmp_path: Path) -> None:
    place = FirstNightPlace(tmp_path)

    code = place.run()

    print(place.out.getvalue(), place.errors.getvalue())
    assert code == 0
    assert place.answers["open"] == {}
    assert place.existing() == place.before
    assert not place.state_path.exists()
