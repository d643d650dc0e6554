"""DynamoDB as far as Second Hop uses it, in memory: conditions, transactions, indexes, pages and consumed capacity.

What it does not know it refuses by name, so that a run never rests on a guess. `tests/contract` holds it and moto to
the same contract.
"""

from rehearsal.small_dynamodb.clients import boto3_client, light_client
from rehearsal.small_dynamodb.database import SmallDynamoDb
from rehearsal.small_dynamodb.usage import Usage

__all__ = ["SmallDynamoDb", "Usage", "boto3_client", "light_client"]
