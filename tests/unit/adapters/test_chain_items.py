"""The small items beside the chains: each is read as it was written, and its text does not depend on an order."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from secondhop.adapters.chain_items import (
    circuit_item,
    claim_item,
    read_circuit,
    read_claim,
    read_sweep_progress,
    sweep_progress_item,
)
from secondhop.domain.chain import ChainKey
from secondhop.domain.circuit import Circuit
from secondhop.domain.errors import UnreadableItemError
from secondhop.domain.ledger import Claim
from secondhop.domain.slices import Slice
from secondhop.domain.sweep_progress import SweepProgress
from tests.builders import ARRIVAL_ARN, DR_VAULT, NIGHT, NOW

CLAIM = Claim(ARRIVAL_ARN, DR_VAULT.arn, ChainKey(ARRIVAL_ARN, "default"), "to-dr")
PROGRESS = SweepProgress(
    began_at=NIGHT,
    swept_back_to=NIGHT - timedelta(days=1),
    sweeping_until=NOW,
    ended_at=NOW - timedelta(minutes=1),
    unfinished=(
        Slice(route="a", after=NIGHT, before=NOW),
        Slice(route="b", after=NIGHT - timedelta(days=2), before=NIGHT),
    ),
    routes=("a", "b"),
)
CIRCUIT = Circuit(site=DR_VAULT.site, failures=3, databases=("x", "y"), probes=2, opened_at=NIGHT, probe_after=NOW)


def memory_of(item: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(item["memory"]["S"])
    return found


def test_a_claim_is_read_as_it_was_written() -> None:
    assert read_claim(claim_item(CLAIM)) == CLAIM


@pytest.mark.parametrize(
    "progress",
    [PROGRESS, SweepProgress(began_at=NOW), replace(PROGRESS, unfinished=(), ended_at=None)],
)
def test_the_progress_of_the_sweep_is_read_as_it_was_written(progress: SweepProgress) -> None:
    assert read_sweep_progress(sweep_progress_item(progress)) == progress


def test_progress_without_a_list_of_slices_has_none() -> None:
    item = sweep_progress_item(SweepProgress(began_at=NOW))
    item["memory"]["S"] = json.dumps({name: each for name, each in memory_of(item).items() if name != "unfinished"})

    assert read_sweep_progress(item) == SweepProgress(began_at=NOW)


def test_progress_that_cannot_be_read_says_what_is_wrong() -> None:
    with pytest.raises(UnreadableItemError, match=r"^the installation's memory cannot be read: "):
        read_sweep_progress({"memory": {"S": "{}"}})


def test_a_circuit_is_read_as_it_was_written() -> None:
    assert read_circuit(circuit_item(CIRCUIT), DR_VAULT.site) == CIRCUIT


@pytest.mark.parametrize("item", [circuit_item(CIRCUIT), sweep_progress_item(PROGRESS)])
def test_the_text_of_a_memory_is_sorted_because_a_write_compares_it(item: dict[str, Any]) -> None:
    assert list(memory_of(item)) == sorted(memory_of(item))
