"""KMS: descriptions of keys, their policies and aliases (API_DescribeKey, API_GetKeyPolicy, API_ListAliases)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from backup_simulator.errors import NotModelled, Refused
from backup_simulator.model import Caller, Key, Operation, site_of
from backup_simulator.regions import partition_of


class Kms:
    """The keys of a world, by ARN, for those who may only look at them."""

    def __init__(self, keys: Mapping[str, Key]) -> None:
        self._keys = keys
        self.operations: dict[str, Operation] = {
            "DescribeKey": self._describe_key,
            "GetKeyPolicy": self._get_key_policy,
            "ListAliases": self._list_aliases,
        }

    def _key(self, caller: Caller, region: str, request: dict[str, Any]) -> Key:
        """A key by its ARN or id. Keys of other accounts are not visible here."""
        wanted = request["KeyId"]
        if "alias/" in wanted:
            raise NotModelled(f"a key by its alias is not modelled: {wanted}")
        arn = (
            wanted
            if wanted.startswith("arn:")
            else f"arn:{partition_of(region)}:kms:{region}:{caller.account}:key/{wanted}"
        )
        key = self._keys.get(arn)
        if arn.split(":")[3:5] != [region, caller.account]:
            raise Refused("AccessDeniedException", f"{caller.name} is not authorized to access {wanted}")
        if key is None:
            raise Refused("NotFoundException", f"Key '{arn}' does not exist")
        return key

    def _describe_key(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        key = self._key(caller, region, request)
        return {
            "KeyMetadata": {
                "KeyId": key.arn.rpartition("/")[2],
                "AWSAccountId": key.account,
                "Arn": key.arn,
                "Enabled": key.enabled,
                "KeyState": key.state,
                "KeyManager": "AWS" if key.managed_by else "CUSTOMER",
                "KeyUsage": "ENCRYPT_DECRYPT",
            }
        }

    def _get_key_policy(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        key = self._key(caller, region, request)
        root = {"AWS": f"arn:aws:iam::{key.account}:root"}
        # The policy of a key that was created without one (key-policy-default).
        default = {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}
        policy = key.policy or {"Version": "2012-10-17", "Statement": [default]}
        return {"Policy": json.dumps(policy), "PolicyName": "default"}

    def _list_aliases(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        """The aliases of one key, or of all keys of the site. Only AWS managed keys have an alias here."""
        if "KeyId" in request:
            keys = [self._key(caller, region, request)]
        else:
            keys = [key for key in self._keys.values() if site_of(key.arn) == (caller.account, region)]
        return {"Aliases": [_alias(key) for key in keys if key.managed_by], "Truncated": False}


def _alias(key: Key) -> dict[str, Any]:
    name = f"alias/{key.managed_by}"
    owner = key.arn.partition(":key/")[0]
    return {"AliasName": name, "AliasArn": f"{owner}:{name}", "TargetKeyId": key.arn.rpartition("/")[2]}
