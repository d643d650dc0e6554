"""Warns about changes that leave a vault, its copies or a stack behind. They are made, because they can be meant."""

from __future__ import annotations

from collections.abc import Iterator

from secondhop_cli.init.questions import Answers, accounts_of

NEW_VAULT = "a new vault is created; the old one and its copies stay, and Second Hop no longer uses them"
NEW_INSTALLATION = "this makes a new installation beside the old one, whose vaults, keys and stacks stay"
CONSEQUENCES = {
    "dr_vault": NEW_VAULT,
    "watched_vault": f"{NEW_VAULT}. Backup plans of your own must copy into the new one",
    "dr_region": NEW_INSTALLATION,
    "region": NEW_INSTALLATION,
    "backup_account": NEW_INSTALLATION,
    "stack_name": "new stacks are created; those with the old name stay, and their vaults and keys have the same names",
    "topology": "the main stack is deployed in another account; the old one stays, with its table, until you delete it",
    "administrator": "the old role can no longer change the vaults once they are deployed again",
}
WEAKER_LOCKS = {("governance", "off"), ("compliance", "off"), ("compliance", "governance")}


def change_warnings(before: Answers, after: Answers) -> Iterator[str]:
    """One sentence for each change, without a full stop, with the options that take it back."""
    for name, consequence in CONSEQUENCES.items():
        if before.get(name) and before[name] != after[name]:
            yield f"{_change(name, before, after)}: {consequence}. {_back(name, before)}"
    if (before.get("vault_lock", ""), after["vault_lock"]) in WEAKER_LOCKS:
        consequence = "the lock is what keeps an administrator from deleting final copies before they expire"
        yield f"{_change('vault_lock', before, after)}: {consequence}. {_back('vault_lock', before)}"
    yield from _removed_accounts(before, after)


def _removed_accounts(before: Answers, after: Answers) -> Iterator[str]:
    if not before.get("workload_accounts"):
        return
    removed = [each for each in accounts_of(before) if each not in accounts_of(after)]
    if removed:
        yield (
            f"--workload-accounts no longer has {', '.join(removed)}: Second Hop stops copying the backups of "
            f"{'this account' if len(removed) == 1 else 'these accounts'}, and their copies and stacks stay. "
            f"{_back('workload_accounts', before)}"
        )


def _change(name: str, before: Answers, after: Answers) -> str:
    return f"{_flag(name)} changes from {before[name]} to {after[name]}"


def _back(name: str, before: Answers) -> str:
    return f"To take it back: secondhop init {_flag(name)} {before[name]}"


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
