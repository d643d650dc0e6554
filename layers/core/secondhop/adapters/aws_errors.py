"""From botocore's errors to ours: split by whether a retry helps, by error code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnectionError
from botocore.parsers import ResponseParserError

from secondhop.domain.errors import DeniedError, FinalError, SecondHopError, SilentError, TryAgainError

DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"})
NOT_FOUND = frozenset({"ResourceNotFoundException"})
PASSING = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "ItemCollectionSizeLimitExceededException",
        "KmsThrottled",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
# Beside the codes: any answer of this class comes from AWS's own trouble.
SERVER_FAULT = 500


def code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def message_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Message", ""))


def is_server_fault(error: ClientError) -> bool:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= SERVER_FAULT or code_of(error) in ("ServiceUnavailableException", "ServiceUnavailable")


def error_of(error: ClientError) -> SecondHopError:
    """Our error for an error of AWS: denied, passing, or final."""
    text = f"{error.operation_name}: {code_of(error)}: {message_of(error)}"
    if code_of(error) in DENIED:
        return DeniedError(text, code=code_of(error))
    if is_server_fault(error):
        return SilentError(text)
    if code_of(error) in PASSING:
        return TryAgainError(text)
    return FinalError(text, code=code_of(error))


# The answer came, and cannot be read: a date out of range, text that is not UTF-8, a list where a map belongs.
UNREADABLE = (ValueError, TypeError, AttributeError, LookupError, ResponseParserError)
# It is not known whether AWS did what it was asked for: the connection broke, or the answer never came.
SILENCE = (NoConnectionError, HTTPClientError)


@contextmanager
def translated() -> Iterator[None]:
    """Turn botocore's errors into ours: DeniedError, TryAgainError or FinalError. Use it around the call alone."""
    try:
        yield
    except ClientError as error:
        raise error_of(error) from error
    except SILENCE as error:
        raise SilentError(f"no answer: {error}") from error
    except UNREADABLE as error:
        raise FinalError(unreadable(error)) from error


def unreadable(error: Exception) -> str:
    """In words, for an answer that cannot be read."""
    return f"AWS's answer cannot be read: {type(error).__name__}: {error}"
