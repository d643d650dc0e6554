"""A client is made once, when something of it is asked for first."""

from __future__ import annotations

import pytest

from secondhop.adapters.lazy_client import LazyClient


class Client:
    made = 0

    def __init__(self) -> None:
        Client.made += 1
        self.meta = "meta"

    def call(self, **request: str) -> dict[str, str]:
        return request


def test_a_client_is_made_when_it_is_first_used_and_only_once() -> None:
    Client.made = 0
    lazy = LazyClient(Client)
    assert Client.made == 0

    assert lazy.call(Key="a") == {"Key": "a"}
    assert lazy.meta == "meta"
    assert Client.made == 1


def test_what_a_client_does_not_have_is_an_error_of_the_client() -> None:
    with pytest.raises(AttributeError, match="'Client' object has no attribute 'other'"):
        _ = LazyClient(Client).other
