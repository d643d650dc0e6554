"""Errors that AWS returns, and errors in the use of this simulator."""

from __future__ import annotations

from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError
from botocore.parsers import ResponseParserError


class Refused(Exception):  # noqa: N818 - it is an answer of AWS, not a fault of ours
    """AWS answers a call with an error. `status` is the HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


class ProcessDied(BaseException):
    """The process that made a call was killed at a fault point. Nothing after that point happens in it."""


class Unanswered(Exception):  # noqa: N818 - it says what AWS does, and it is no fault of ours
    """A call is not answered. `is_connected` says whether the request was sent. Clients raise their own errors."""

    def __init__(self, service: str, region: str, *, is_connected: bool) -> None:
        self.endpoint_url = f"https://{service}.{region}.amazonaws.com/"
        super().__init__(f"no answer of {self.endpoint_url}")
        self.is_connected = is_connected

    def as_botocore(self) -> ReadTimeoutError | ConnectTimeoutError:
        """The error of an unmodified client after its own timeout."""
        kind = ReadTimeoutError if self.is_connected else ConnectTimeoutError
        return kind(endpoint_url=self.endpoint_url)


class Unreadable(Exception):  # noqa: N818 - it says what AWS does, and it is no fault of ours
    """A call is carried out, and its answer is not what the service's model says."""

    BODY = b"\xff"
    """It is neither UTF-8 nor XML."""

    def __init__(self, service: str, operation: str, *, is_xml: bool) -> None:
        super().__init__(f"the answer of {service}:{operation} cannot be read")
        self.is_xml = is_xml

    def as_botocore(self) -> ResponseParserError | UnicodeDecodeError:
        """The error of an unmodified client. For JSON it decodes the body first."""
        if self.is_xml:
            return ResponseParserError(f"Unable to parse response, invalid XML received: {self}")
        return UnicodeDecodeError("utf-8", self.BODY, 0, 1, str(self))


class NotModelled(NotImplementedError):  # noqa: N818 - the word says more than an ending would
    """The simulator does not know this operation, property or setting. The message names it."""


def denied(message: str = "Insufficient privileges to perform this action.") -> Refused:
    """AccessDeniedException. AWS returns it also for a vault that does not exist."""
    return Refused("AccessDeniedException", message)
