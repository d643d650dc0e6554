"""Our errors for errors of AWS keep the operation, the code and the text."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from secondhop.adapters.aws_errors import error_of
from secondhop.domain.errors import DeniedError, FinalError, SecondHopError, SilentError, TryAgainError


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("AccessDeniedException", 403, DeniedError),
        ("ServiceUnavailable", 400, SilentError),
        ("ServiceUnavailableException", 400, SilentError),
        ("SomethingNew", 500, SilentError),
        ("SomethingNew", 499, FinalError),
        ("ThrottlingException", 400, TryAgainError),
        ("ValidationException", 400, FinalError),
    ],
)
def test_an_error_is_named_in_full(code: str, status: int, kind: type[SecondHopError]) -> None:
    answer: Any = {"Error": {"Code": code, "Message": "why"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    error = error_of(ClientError(answer, "DescribeVault"))

    assert (type(error), str(error)) == (kind, f"DescribeVault: {code}: why")
    if isinstance(error, DeniedError | FinalError):
        assert error.code == code
