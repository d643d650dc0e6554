"""Explains the errors of calls to AWS in one sentence, with what helps."""

from __future__ import annotations

import botocore.exceptions as errors
from botocore.parsers import ResponseParserError


class NotFromAwsError(Exception):
    """The answer has not the form of AWS's answers: it is the page of a proxy, for example."""


# KeyError: botocore's error for XML without the operation's result.
NOT_FROM_AWS = (NotFromAwsError, ResponseParserError, KeyError)
CALL_ERRORS = (errors.BotoCoreError, errors.ClientError, *NOT_FROM_AWS)
# The first call of a session also uses the profile: its credential_process, its MFA prompt, its endpoint.
SESSION_ERRORS = (*CALL_ERRORS, OSError, ValueError, EOFError)
# No answer, or no connection.
SILENCES = (errors.HTTPClientError, errors.ConnectionError)

_NO_CREDENTIALS = (
    errors.NoCredentialsError,
    errors.PartialCredentialsError,
    errors.CredentialRetrievalError,
    errors.SSOError,
    errors.TokenRetrievalError,
    errors.NoAuthTokenError,
)
_BAD_CREDENTIALS = {
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "InvalidClientTokenId",
    "InvalidAccessKeyId",
    "UnrecognizedClientException",
    "SignatureDoesNotMatch",
    "AuthFailure",
}
_LOG_IN = "log in (for example with `aws sso login --profile NAME`)"
_NETWORK = "check the network, the proxy (HTTPS_PROXY) and the endpoint (AWS_ENDPOINT_URL)"


def explained(error: Exception, *, remedy: str) -> str:
    """The error in one sentence without a full stop. `remedy` names the option that chooses other credentials."""
    if isinstance(error, NOT_FROM_AWS):
        return f"the answer is not from AWS; {_NETWORK}"
    if isinstance(error, errors.ClientError):
        code = error.response["Error"].get("Code") or ""
        hint = f"; {_LOG_IN}, or {remedy}" if code in _BAD_CREDENTIALS else ""
        return f"{_of_service(error)}{hint}"
    words = " ".join(str(error).split()).rstrip(".")
    if isinstance(error, _NO_CREDENTIALS):
        return f"{words}; {_LOG_IN}, or {remedy}"
    if isinstance(error, SILENCES):
        return f"{words}; {_NETWORK}"
    return f"{type(error).__name__}: {words}"


def _of_service(error: errors.ClientError) -> str:
    """Code and text. An answer without them is not one of AWS's errors; botocore takes the HTTP status as its code."""
    found = error.response["Error"]
    code, text = str(found.get("Code") or ""), " ".join(str(found.get("Message") or "").split())
    if not code or code.isdecimal():
        status = code or str(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", "unknown"))
        said = f" ({text})" if text else ""
        return f"HTTP status {status} without an error code of AWS{said}; {_NETWORK}"
    return f"{code}: {text.rstrip('.') or 'AWS gives no reason'}"
