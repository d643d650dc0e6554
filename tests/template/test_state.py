"""The table of chains: its keys are hard to change later, and its content is hard to replace."""

from tests.template.reading import MAIN, properties, template

TABLE = properties(MAIN, "Chains")


def keys(schema: list[dict[str, str]]) -> tuple[str, ...]:
    return tuple(each["AttributeName"] for each in sorted(schema, key=lambda each: each["KeyType"]))


def test_the_table_has_the_keys_that_the_store_uses() -> None:
    indexes = {each["IndexName"]: keys(each["KeySchema"]) for each in TABLE["GlobalSecondaryIndexes"]}

    assert keys(TABLE["KeySchema"]) == ("pk", "sk")
    assert indexes == {
        "checks": ("check_queue", "check_at"),
        "databases": ("database", "created_at"),
        "waiting": ("waiting_for", "waiting_since"),
        "stranded": ("stranded_by", "created_at"),
        "current": ("is_current", "database"),
    }


def test_indexes_hold_keys_only_because_each_write_of_a_chain_pays_for_what_they_hold() -> None:
    projections = {index["IndexName"]: index["Projection"] for index in TABLE["GlobalSecondaryIndexes"]}

    assert set(projections) == {"checks", "databases", "waiting", "stranded", "current"}
    assert all(each == {"ProjectionType": "KEYS_ONLY"} for each in projections.values())


def test_every_key_is_a_string_and_no_attribute_is_declared_in_vain() -> None:
    used = {*keys(TABLE["KeySchema"])}.union(*(keys(each["KeySchema"]) for each in TABLE["GlobalSecondaryIndexes"]))

    assert {each["AttributeName"]: each["AttributeType"] for each in TABLE["AttributeDefinitions"]} == dict.fromkeys(
        used, "S"
    )


def test_the_table_can_be_restored_and_is_not_deleted_by_accident() -> None:
    assert TABLE["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert TABLE["DeletionProtectionEnabled"] is True


def test_the_table_costs_what_is_used_and_forgets_what_is_finished() -> None:
    assert TABLE["BillingMode"] == "PAY_PER_REQUEST"
    assert TABLE["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}


def test_a_key_of_ones_own_encrypts_everything_that_rests() -> None:
    key = {"Ref": "EncryptionKeyArn"}
    or_nothing = {"Fn::If": ["HasKey", key, {"Ref": "AWS::NoValue"}]}

    by_key, by_dynamodb = TABLE["SSESpecification"]["Fn::If"][1:]
    assert by_key == {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": key}
    assert by_dynamodb == {"Ref": "AWS::NoValue"}
    for queue in ("WorkQueue", "DeadLetters", "FailedInvocations"):
        assert properties(MAIN, queue)["KmsMasterKeyId"] == or_nothing
        assert properties(MAIN, queue)["SqsManagedSseEnabled"] == {"Fn::If": ["HasKey", {"Ref": "AWS::NoValue"}, True]}
    for logs in ("AdvanceChainLogs", "SweepChainsLogs", "OperateChainsLogs"):
        assert properties(MAIN, logs)["KmsKeyId"] == or_nothing
    assert template(MAIN)["Globals"]["Function"]["KmsKeyArn"] == or_nothing
    assert properties(MAIN, "Notifications")["KmsMasterKeyId"] == or_nothing
    assert properties(MAIN, "SweepSchedule")["KmsKeyArn"] == or_nothing
