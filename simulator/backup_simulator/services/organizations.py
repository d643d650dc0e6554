"""Organizations: the organization of an account (API_DescribeOrganization)."""

from __future__ import annotations

from typing import Any

from backup_simulator.errors import Refused
from backup_simulator.identity import Identity
from backup_simulator.model import Caller, Operation

MANAGEMENT = "999999999999"


class Organizations:
    """The organizations of a world, as their members see them."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self.operations: dict[str, Operation] = {"DescribeOrganization": self._describe_organization}

    def _describe_organization(self, caller: Caller, _region: str, _request: dict[str, Any]) -> dict[str, Any]:
        organization = self._identity.organization_of(caller.account)
        if not organization:
            raise Refused("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
        arn = f"arn:aws:organizations::{MANAGEMENT}"
        return {
            "Organization": {
                "Id": organization,
                "Arn": f"{arn}:organization/{organization}",
                "FeatureSet": "ALL",
                "MasterAccountArn": f"{arn}:account/{organization}/{MANAGEMENT}",
                "MasterAccountId": MANAGEMENT,
            }
        }
