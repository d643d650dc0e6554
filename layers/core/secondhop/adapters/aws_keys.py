"""AWS KMS in all sites: the state of a key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from secondhop.adapters.aws_errors import code_of, translated
from secondhop.domain.arn import Arn, Site

KEY_NOT_FOUND = "Gone"
"""The state that we give to a key that AWS KMS does not know any more."""


class AwsKeys:
    """A `Keys` over boto3. `client_in` gives the KMS client of a site."""

    def __init__(self, client_in: Callable[[Site], Any]) -> None:
        self._client_in = client_in

    def state_of(self, key_arn: str) -> str:
        client = self._client_in(Arn.parse(key_arn).site)
        with translated():
            try:
                found = client.describe_key(KeyId=key_arn)
            except ClientError as error:
                if code_of(error) == "NotFoundException":
                    return KEY_NOT_FOUND
                raise
        return str(found["KeyMetadata"]["KeyState"])
