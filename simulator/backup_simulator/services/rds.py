"""RDS's descriptions of databases, in the shapes of its model: instances, and the clusters of all types.

https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBInstances.html, API_DescribeDBClusters.html,
API_DescribeOptionGroups.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backup_simulator.errors import Refused
from backup_simulator.model import GIBIBYTE, Caller, Database, Operation, site_of
from backup_simulator.resource_types import BY_NAME

# The least storage of most engines (RDS CHAP_Storage).
LEAST_STORAGE_GIB = 20


class Rds:
    """The databases of a world, by ARN, for those who may only look at them."""

    def __init__(self, databases: Mapping[str, Database]) -> None:
        self._known = databases
        self.operations: dict[str, Operation] = {
            "DescribeDBInstances": self._instances,
            "DescribeDBClusters": self._clusters,
            "DescribeOptionGroups": self._option_groups,
        }

    def _databases(self, caller: Caller, region: str, kind: str) -> list[Database]:
        found = self._known.values()
        return [each for each in found if site_of(each.arn) == (caller.account, region) and f":{kind}:" in each.arn]

    def _instances(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        wanted = request.get("DBInstanceIdentifier")
        found = [each for each in self._databases(caller, region, "db") if wanted in (None, _name_of(each))]
        if wanted and not found:
            raise Refused("DBInstanceNotFound", f"DBInstance {wanted} not found.", 404)
        return {"DBInstances": [_instance(each) for each in found]}

    def _clusters(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        wanted = request.get("DBClusterIdentifier")
        found = [each for each in self._databases(caller, region, "cluster") if wanted in (None, _name_of(each))]
        if wanted and not found:
            raise Refused("DBClusterNotFoundFault", f"DBCluster {wanted} not found.", 404)
        return {"DBClusters": [_cluster(each) for each in found]}

    def _option_groups(self, caller: Caller, region: str, request: dict[str, Any]) -> dict[str, Any]:
        wanted = request.get("OptionGroupName")
        found = [each for each in self._databases(caller, region, "db") if wanted in (None, _group_of(each))]
        if wanted and not found:
            raise Refused("OptionGroupNotFoundFault", f"Specified OptionGroupName: {wanted} not found.", 404)
        options = {_group_of(each): each.options for each in found}
        groups = [
            {
                "OptionGroupName": name,
                "Options": [{"OptionName": option, "Persistent": True, "Permanent": True} for option in names],
            }
            for name, names in options.items()
        ]
        return {"OptionGroupsList": groups}


def _name_of(database: Database) -> str:
    return database.arn.rpartition(":")[2]


def _group_of(database: Database) -> str:
    return f"{_name_of(database)}-options" if database.options else "default:postgres-16"


def _instance(database: Database) -> dict[str, Any]:
    group = {"OptionGroupName": _group_of(database), "Status": "in-sync"}
    return {
        "DBInstanceIdentifier": _name_of(database),
        "DBInstanceArn": database.arn,
        "DBInstanceStatus": "available",
        "AllocatedStorage": max(LEAST_STORAGE_GIB, -(-database.size_bytes // GIBIBYTE)),
        "OptionGroupMemberships": [group],
        **_described(database),
    }


def _cluster(database: Database) -> dict[str, Any]:
    return {
        "DBClusterIdentifier": _name_of(database),
        "DBClusterArn": database.arn,
        **_described(database),
    }


def _described(database: Database) -> dict[str, Any]:
    key = {"KmsKeyId": database.key_arn} if database.key_arn else {}
    return {
        "Engine": BY_NAME[database.resource_type].engine,
        "StorageEncrypted": database.key_arn is not None,
        "TagList": [{"Key": name, "Value": value} for name, value in database.tags.items()],
        **key,
    }
