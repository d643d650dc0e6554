"""A site's circuit: five databases open it, an arrival closes it, and probes come less and less often."""

from __future__ import annotations

from datetime import timedelta

from secondhop.domain.circuit import DATABASES_TO_OPEN, HEAD_START, LONGEST_PROBE_INTERVAL, PROBE_INTERVAL, Circuit
from tests.builders import DR_VAULT, NOW, ORDERS


def an_open_circuit() -> Circuit:
    circuit = Circuit(site=DR_VAULT.site)
    for number in range(DATABASES_TO_OPEN):
        circuit = circuit.after_failure(NOW, database=f"other-{number}")
    return circuit


def test_a_circuit_opens_with_the_fifth_database_and_closes_with_an_arrival() -> None:
    circuit = Circuit(site=DR_VAULT.site)
    for number in range(DATABASES_TO_OPEN - 1):
        circuit = circuit.after_failure(NOW, database=f"db-{number}")
        circuit = circuit.after_failure(NOW, database=f"db-{number}")
        assert not circuit.is_open
    assert circuit.words().startswith("since now")

    opened = circuit.after_failure(NOW, database="the fifth")
    assert opened.is_open
    again = opened.after_failure(NOW + timedelta(hours=1), database="the sixth")
    assert (again.opened_at, again.probe_after) == (NOW, opened.probe_after)
    assert again.after_success() == Circuit(site=DR_VAULT.site)


def test_a_database_that_always_fails_opens_no_circuit_and_what_is_kept_of_it_does_not_grow() -> None:
    circuit = Circuit(site=DR_VAULT.site)
    for _ in range(1000):
        circuit = circuit.after_failure(NOW, database=ORDERS)
    assert (circuit.is_open, circuit.blocks(NOW, database=ORDERS)) == (False, False)

    for number in range(1000):
        circuit = circuit.after_failure(NOW, database=f"{ORDERS}-{number}")
    assert circuit.is_open
    assert len(circuit.databases) == DATABASES_TO_OPEN
    assert ORDERS not in str(circuit)


def test_probes_come_less_and_less_often_up_to_the_longest_interval() -> None:
    circuit, moment, waits = an_open_circuit(), NOW, []
    for _ in range(7):
        assert circuit.probe_after is not None
        waits.append(circuit.probe_after - moment)
        moment = circuit.probe_after
        circuit = circuit.probed(moment)

    assert waits == [PROBE_INTERVAL * each for each in (1, 2, 4, 8, 16, 16, 16)]
    assert waits[-1] == LONGEST_PROBE_INTERVAL
    assert circuit.after_success().probes == 0


def test_a_database_that_has_failed_gives_the_others_a_head_start_for_the_probe() -> None:
    circuit, probe = an_open_circuit(), NOW + PROBE_INTERVAL

    assert not circuit.blocks(probe, database=ORDERS)
    assert circuit.blocks(probe, database="other-0")
    assert not circuit.blocks(probe + HEAD_START, database="other-0")
