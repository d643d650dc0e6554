"""The floor of a sweep that finds nothing: the clients, the acting role, and calls like those of such a sweep."""

from typing import Any

import boto3

from bench.floors.four_clients import CLIENTS, CONFIG, build

ROLE = "arn:aws:iam::444455556666:role/operator"
VAULT = "arn:aws:backup:eu-central-1:444455556666:backup-vault:dr-vault"
KEY = {"pk": {"S": "x"}, "sk": {"S": "y"}}
SLICES, LISTS = 9, 7


def handler(_event: Any, _context: Any) -> dict[str, int]:
    if not CLIENTS:
        session: Any = boto3.Session()
        build(session)
        granted = session.client("sts", config=CONFIG).assume_role(RoleArn=ROLE, RoleSessionName="floor")["Credentials"]
        names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
        keys = (granted["AccessKeyId"], granted["SecretAccessKey"], granted["SessionToken"])
        # Of the same session: a second one would read the service's model again.
        CLIENTS["backup"] = session.client("backup", config=CONFIG, **dict(zip(names, keys, strict=True)))
        CLIENTS["own backup"] = session.client("backup", config=CONFIG)
    table, backup = CLIENTS["dynamodb"], CLIENTS["backup"]
    table.get_item(TableName="chains", Key=KEY, ConsistentRead=True)
    values = {":q": {"S": "open"}, ":n": {"S": "2"}}
    condition = "check_queue = :q AND check_at <= :n"
    table.query(
        TableName="chains", IndexName="checks", KeyConditionExpression=condition, ExpressionAttributeValues=values
    )
    for number in range(LISTS):
        client = backup if number < LISTS // 2 else CLIENTS["own backup"]
        client.list_copy_jobs(ByState="RUNNING", ByDestinationVaultArn=VAULT, MaxResults=1000)
    for _ in range(SLICES):
        backup.list_recovery_points_by_backup_vault(BackupVaultName="watched-vault", MaxResults=1000)
    for _ in range(SLICES + 2):
        put(table)
    return {"ok": 1}


def put(table: Any) -> None:
    values = {":b": {"S": "b"}}
    table.put_item(TableName="chains", Item=KEY, ConditionExpression="memory = :b", ExpressionAttributeValues=values)
