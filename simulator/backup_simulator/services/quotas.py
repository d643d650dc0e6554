"""Service Quotas: the quotas of RDS (API_ListServiceQuotas)."""

from __future__ import annotations

from hashlib import md5
from typing import Any

from backup_simulator.errors import Refused
from backup_simulator.model import Caller, Operation

# Service Quotas lists what can be raised; the number of snapshot copies in progress is not among it.
RDS_QUOTAS = {"Manual DB instance snapshots": 100.0, "Manual DB cluster snapshots": 100.0}


class Quotas:
    """The quotas of a world. `given` holds, by account, Region and name, other values than the defaults, and more."""

    def __init__(self) -> None:
        self.given: dict[tuple[str, str, str], float] = {}
        self.operations: dict[str, Operation] = {"ListServiceQuotas": self._list_quotas}

    def _list_quotas(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        if request["ServiceCode"] != "rds":
            raise Refused("NoSuchResourceException", f"The service {request['ServiceCode']} does not exist.")
        given = self.given.items()
        here = {name: value for (account, at, name), value in given if (account, at) == (caller.account, region)}
        values = RDS_QUOTAS | here
        return {
            "Quotas": [
                {
                    "ServiceCode": "rds",
                    "QuotaCode": f"L-{md5(name.encode(), usedforsecurity=False).hexdigest()[:8].upper()}",
                    "QuotaName": name,
                    "Value": value,
                    "Adjustable": True,
                }
                for name, value in values.items()
            ]
        }
