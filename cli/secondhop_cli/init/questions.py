"""The questions of init: the name of each answer, its option, its text and its default.

An empty answer is unknown, or not wanted.
"""

from __future__ import annotations

from dataclasses import dataclass

Answers = dict[str, str]

WORKLOAD, HUB = "workload", "hub"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question. Without an answer to a question that `is_needed`, init stops."""

    name: str
    text: str
    default: str = ""
    is_needed: bool = True

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def is_region(self) -> bool:
        return self.name in ("region", "dr_region")


def _optional(name: str, text: str) -> Question:
    return Question(name=name, text=text, is_needed=False)


QUESTIONS = (
    Question(
        name="topology",
        text="workload (the stack is in the one workload account) or hub (in the backup account, for many accounts)",
        default=WORKLOAD,
    ),
    Question(name="backup_account", text="the account that owns the watched vault and the DR vault, 12 digits"),
    Question(
        name="workload_accounts", text="the account of the databases, 12 digits; for a hub several, separated by commas"
    ),
    Question(name="region", text="the Region of the databases, for example eu-west-1"),
    Question(name="dr_region", text="the Region of the DR vault, for example eu-central-1"),
    Question(name="organization", text="the id of the AWS Organization of all accounts, o-..."),
    Question(
        name="administrator",
        text="the ARN of the role that deploys in the backup account, the only one that can change the vaults (with a "
        "wrong ARN no role can; aws iam get-role shows the right one)",
    ),
    Question(
        name="vault_lock",
        text="the DR vault's lock: governance, compliance (irrevocable; the stack asks for a confirmation) or off",
        default="governance",
    ),
    Question(
        name="lock_minimum_days", text="the shortest retention that the DR vault's lock allows, in days", default="7"
    ),
    Question(
        name="lock_maximum_days", text="the longest retention that the DR vault's lock allows, in days", default="365"
    ),
    Question(name="retention_days", text="days to keep a final copy, counted from the original backup", default="35"),
    Question(name="watched_vault", text="the name of the vault that receives first hops", default="watched-vault"),
    Question(name="dr_vault", text="the name of the vault that receives final copies", default="dr-vault"),
    Question(
        name="installations_sharing",
        text="how many main stacks copy into this DR account and Region; they divide AWS's quota of copies in progress",
        default="1",
    ),
    Question(
        name="stack_name", text="the main stack's name, and the prefix of the other stacks' names", default="second-hop"
    ),
    Question(name="external_id", text="the external id of the operator role; not a secret", default="second-hop"),
    _optional("email", "the e-mail address for alarms and messages; empty for none"),
)
# Outputs of one stack that another stack needs. They are known after a deployment, so init does not ask for them.
OUTPUTS = (
    _optional("dr_key_arn", "output KeyArn of the DR Region's stack"),
    _optional("copy_role_arn", "output CopyRoleArn of the backup account's stack"),
    _optional("operator_role_arn", "output OperatorRoleArn of the backup account's stack (workload topology)"),
    _optional("first_hop_role_arn", "output BackupRoleArn of the workload account's stack (workload topology)"),
)


def accounts_of(answers: Answers) -> list[str]:
    """The workload accounts, in the given order."""
    return [each.strip() for each in answers["workload_accounts"].split(",") if each.strip()]


def is_hub(answers: Answers) -> bool:
    return answers["topology"] == HUB
