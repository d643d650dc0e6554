"""The templates on paper, with the parameters that they cannot do without; for any partition."""

from __future__ import annotations

from collections.abc import Mapping

from tests.template.reading import ALL, ROOT
from tests.template.rendered import Rendered, Template

MAIN, BACKUP, DR, WORKLOAD = ALL
WORKLOAD_ACCOUNT, BACKUP_ACCOUNT = "111122223333", "444455556666"
REGIONS = {"aws": ("eu-west-1", "eu-central-1"), "aws-cn": ("cn-north-1", "cn-northwest-1")}
REGIONS["aws-us-gov"] = ("us-gov-west-1", "us-gov-east-1")
KEY_ID = "0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"


def an_arn(service: str, account: str, resource: str, *, partition: str = "aws", region: str = "") -> str:
    return f"arn:{partition}:{service}:{region}:{account}:{resource}"


def needed(name: str, partition: str = "aws") -> dict[str, str]:
    """What a template cannot do without, in the workload topology."""
    _, dr_region = REGIONS[partition]
    administrator = an_arn("iam", BACKUP_ACCOUNT, "role/administrator", partition=partition)
    role = an_arn("iam", BACKUP_ACCOUNT, "role/secondhop/companion/role", partition=partition)
    key = an_arn("kms", BACKUP_ACCOUNT, f"key/{KEY_ID}", partition=partition, region=dr_region)
    return {
        MAIN: {
            "BackupAccountId": BACKUP_ACCOUNT,
            "DrRegion": dr_region,
            "CopyRoleArn": role,
            "OperatorRoleArn": role,
            "ExternalId": "second-hop",
            "FirstHopRoleArn": an_arn("iam", WORKLOAD_ACCOUNT, "role/backup", partition=partition),
        },
        BACKUP: {
            "OrganizationId": "o-simulated0",
            "WorkloadAccountIds": WORKLOAD_ACCOUNT,
            "DrRegion": dr_region,
            "DrKeyArn": key,
            "VaultAdministratorArn": administrator,
        },
        DR: {"VaultAdministratorArn": administrator},
        WORKLOAD: {"BackupAccountId": BACKUP_ACCOUNT},
    }[name]


def render(name: str, given: Mapping[str, str] | None = None, *, partition: str = "aws") -> Rendered:
    """Raises rehearsal.template.TemplateError for what CloudFormation refuses by a parameter's own limits."""
    account = BACKUP_ACCOUNT if name in (BACKUP, DR) else WORKLOAD_ACCOUNT
    return Template(
        path=ROOT / name,
        given=needed(name, partition) | dict(given or {}),
        account=account,
        region=REGIONS[partition][name == DR],
        partition=partition,
    ).render()
