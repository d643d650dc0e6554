"""Makes what a run needs: roles in both accounts, and at each site a vault and a queue for the events there.

Each thing is listed in the state file before it is made, so that a run that is killed can be cleaned up.
"""

from __future__ import annotations

import json

from botocore.exceptions import ClientError

from secondhop.domain.arn import Site
from secondhop_cli.first_night import documents
from secondhop_cli.first_night.documents import Document
from secondhop_cli.first_night.night import Night
from secondhop_cli.first_night.pace import code_of
from secondhop_cli.first_night.settings import PATH
from secondhop_cli.first_night.state_file import Kind

INLINE = "first-night"
TARGET = "queue"
DETAIL_TYPES = ["Copy Job State Change", "Recovery Point State Change", "Recovery Point Change"]
ALREADY_THERE = {"AlreadyExistsException", "EntityAlreadyExists"}


def make_everything(night: Night) -> None:
    """Make roles, vaults and queues. Raises ClientError."""
    for account, name, trust, policy in _roles(night):
        make_role(night, account, name, trust, policy)
    for site in night.settings.sites:
        _make_vault(night, site)
        _make_queue(night, site)


def _roles(night: Night) -> list[tuple[str, str, Document, Document]]:
    settings = night.settings
    workload, backup = settings.workload, settings.backup
    for_workload, for_backup = documents.trust_backup(workload), documents.trust_backup(backup)
    for_caller = documents.trust_account(settings)
    with_right, without = (documents.starting(settings, copies_from=each) for each in (True, False))
    return [
        (workload, documents.MAKER, for_workload, documents.backing_up(settings)),
        (workload, documents.LEAVER, for_workload, documents.backing_up(settings)),
        (backup, documents.COPIER, for_backup, documents.copying(settings)),
        (backup, documents.NARROW, for_backup, documents.copying_narrowly(settings)),
        (backup, documents.CALLER_FROM, for_caller, with_right),
        (backup, documents.CALLER_PLAIN, for_caller, without),
    ]


def make_role(night: Night, account: str, name: str, trust: Document, policy: Document) -> None:
    """A role with one inline policy."""
    site = Site(account, night.settings.region)
    full_name = night.settings.role_name(name)
    thing = night.state.add(Kind.ROLE, site, full_name)
    night.pace.say(f"making {thing}")
    try:
        night.aws(site, "iam").create_role(
            RoleName=full_name, Path=PATH, AssumeRolePolicyDocument=json.dumps(trust), MaxSessionDuration=3600
        )
    except ClientError as error:
        if code_of(error) in ALREADY_THERE:
            night.state.remove(thing)
        raise
    put_policy(night, site, full_name, policy)


def put_policy(night: Night, site: Site, role_name: str, policy: Document) -> None:
    """Replace the inline policy of one of the run's roles."""
    night.aws(site, "iam").put_role_policy(RoleName=role_name, PolicyName=INLINE, PolicyDocument=json.dumps(policy))


def _make_vault(night: Night, site: Site) -> None:
    settings = night.settings
    client = night.aws(site, "backup")
    # The origin's vault has the key aws/backup. A backup of RDS has the key of its database.
    keys = {settings.near: settings.near_key_arn, settings.far: settings.dr_key_arn}
    key = {"EncryptionKeyArn": keys[site]} if site in keys else {}
    thing = night.state.add(Kind.VAULT, site, settings.vault)
    night.pace.say(f"making {thing}")
    try:
        client.create_backup_vault(BackupVaultName=settings.vault, CreatorRequestId=settings.run, **key)
    except ClientError as error:
        if code_of(error) in ALREADY_THERE:
            night.state.remove(thing)
        raise
    if site != settings.origin:
        policy = json.dumps(documents.vault_policy(settings))
        night.pace.once_usable(
            lambda: client.put_backup_vault_access_policy(BackupVaultName=settings.vault, Policy=policy)
        )


def _make_queue(night: Night, site: Site) -> None:
    """A queue, and a rule that sends it the events of AWS Backup about copies and recovery points."""
    name = night.settings.vault
    policy = json.dumps(documents.queue_policy(night.settings, site))
    thing = night.state.add(Kind.QUEUE, site, name)
    night.pace.say(f"making {thing}")
    sqs = night.aws(site, "sqs")
    url = sqs.create_queue(QueueName=name, Attributes={"Policy": policy})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    night.state.add(Kind.RULE, site, name)
    events = night.aws(site, "events")
    pattern = {"source": ["aws.backup"], "detail-type": DETAIL_TYPES}
    events.put_rule(Name=name, EventPattern=json.dumps(pattern), State="ENABLED")
    events.put_targets(Rule=name, Targets=[{"Id": TARGET, "Arn": arn}])
