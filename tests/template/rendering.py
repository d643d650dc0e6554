"""Templates as CloudFormation would carry them out: conditions decided, functions resolved, for any partition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.template import NO_VALUE, Resolver, parameters_of, read_template
from tests.template.reading import ALL, ROOT

MAIN, BACKUP, DR, WORKLOAD = ALL
WORKLOAD_ACCOUNT, BACKUP_ACCOUNT = "111122223333", "444455556666"
REGIONS = {"aws": ("eu-west-1", "eu-central-1"), "aws-cn": ("cn-north-1", "cn-northwest-1")}
REGIONS["aws-us-gov"] = ("us-gov-west-1", "us-gov-east-1")
KEY_ID = "0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """Resources (only those that would be made) and outputs."""

    resources: dict[str, dict[str, Any]]
    outputs: dict[str, Any]

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        return {key: each.get("Properties", {}) for key, each in self.resources.items() if each["Type"] == kind}


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
    document = read_template(ROOT / name)
    parameters = parameters_of(document, needed(name, partition) | dict(given or {}))
    account = BACKUP_ACCOUNT if name in (BACKUP, DR) else WORKLOAD_ACCOUNT
    region = REGIONS[partition][name == DR]
    pseudo: dict[str, Any] = {
        "AWS::AccountId": account,
        "AWS::Region": region,
        "AWS::Partition": partition,
        "AWS::StackName": "stack",
        "AWS::StackId": an_arn("cloudformation", account, "stack/stack/id", partition=partition, region=region),
        "AWS::URLSuffix": "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com",
        "AWS::NoValue": NO_VALUE,
    }

    def ref(key: str) -> Any:
        return pseudo[key] if key in pseudo else parameters.get(key, f"<{key}>")

    def attribute(key: str, of: str) -> str:
        is_arn = of.endswith("Arn")
        return an_arn("made", account, key, partition=partition, region=region) if is_arn else f"<{key}.{of}>"

    resolver = Resolver(template=document, ref=ref, attribute=attribute)
    made = {
        key: resolver.resolve(each)
        for key, each in document["Resources"].items()
        if "Condition" not in each or resolver.holds(each["Condition"])
    }
    outputs = {
        key: resolver.resolve(each["Value"])
        for key, each in document["Outputs"].items()
        if "Condition" not in each or resolver.holds(each["Condition"])
    }
    return Rendered(resources=made, outputs=outputs)
