"""The bucket of a roll-out by StackSets: the organization reads it, and nobody else does anything."""

import secondhop
from tests.template.reading import mentions, properties, template

BUCKET = "stacks/code-bucket.yaml"


def test_only_accounts_of_the_organization_read_and_nobody_writes() -> None:
    allow, deny = properties(BUCKET, "CodeBucketPolicy")["PolicyDocument"]["Statement"]

    assert (allow["Effect"], allow["Action"]) == ("Allow", "s3:GetObject")
    assert allow["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": {"Ref": "OrganizationId"}}}
    bucket = "arn:${AWS::Partition}:s3:::${CodeBucket}"
    assert allow["Resource"] == {"Fn::Sub": f"{bucket}/*"}
    assert deny["Resource"] == [{"Fn::Sub": bucket}, {"Fn::Sub": f"{bucket}/*"}]
    assert (deny["Effect"], deny["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_the_code_cannot_be_made_public_and_keeps_its_versions() -> None:
    bucket = properties(BUCKET, "CodeBucket")

    closed = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    assert bucket["PublicAccessBlockConfiguration"] == dict.fromkeys(closed, True)
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["BucketName"] == {"Fn::Sub": "${CodeBucketPrefix}-${AWS::Region}"}


def test_the_bucket_is_plain_and_says_its_version() -> None:
    whole = template(BUCKET)

    assert "Transform" not in whole
    assert not mentions(whole["Resources"], "arn:aws")
    assert whole["Outputs"]["StackVersion"]["Value"] == secondhop.__version__


def test_the_bucket_outlives_its_stack_but_not_a_failed_first_deployment() -> None:
    """Its name is fixed: what the rollback of a creation leaves makes the next one fail."""
    bucket = template(BUCKET)["Resources"]["CodeBucket"]

    assert bucket["DeletionPolicy"] == "RetainExceptOnCreate"
    assert bucket["UpdateReplacePolicy"] == "Retain"
