"""Two tenants of one backup account, the first of which went bad, and what stands between it and the second.

The attacker holds everything of the first workload account, hence each role of its main stack, and may assume the
operator role. A barrier is one statement, condition or lock; it can be let fall, and put up again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from backup_simulator.model import Point, Role, Vault
from rehearsal.stage import BACKUP, EXTERNAL_ID, HOME
from tests.simulation.test_tenants import Neighbours

FREE = {"Effect": "Allow", "Action": "*", "Resource": "*"}
STRANGER = "999988887777"


class Tenants(Neighbours):
    """Ours is the attacker's; theirs is beside it, or its mirror image."""

    def operator(self, region: str = HOME, service: str = "backup") -> Any:
        """A client of the operator role."""
        session: Any = self.world.session(BACKUP, self.ours.backup_account["OperatorRoleArn"], region)
        return session.client(service)

    def vault(self, owner: str, which: str) -> Vault:
        stage = self.ours if owner == "our" else self.theirs
        outputs = {"watched": stage.backup_account, "dr": stage.dr}[which]
        return self.world.vault_by_arn(outputs["WatchedVaultArn" if which == "watched" else "DrVaultArn"])

    def point(self, owner: str, which: str) -> Point:
        return self.point_in(self.vault(owner, which).arn)

    def role(self, output: str) -> Role:
        return self.world.roles[self.ours.backup_account[output]]

    def copy(self, client: Any, point: Point, target: str, *, role: str = "", days: int = 35) -> None:
        """Start a copy and see it end; raises CopyFailedError for one that does not arrive."""
        job_id = client.start_copy_job(
            RecoveryPointArn=point.arn,
            SourceBackupVaultName=point.vault_arn.rpartition(":")[2],
            DestinationBackupVaultArn=target,
            IamRoleArn=role or self.ours.backup_account["CopyRoleArn"],
            Lifecycle={"DeleteAfterDays": days},
            IdempotencyToken=self.world.make_id(),
        )["CopyJobId"]
        self.world.run_for(timedelta(hours=1))
        (job,) = [each for each in self.world.copy_jobs() if each.id == job_id]
        if job.state != "COMPLETED":
            raise CopyFailedError(job.message)

    @contextmanager
    def as_it_is(self) -> Iterator[None]:
        """What falls within stands again afterwards."""
        world = self.world
        roles = {arn: (role.policies, role.trust) for arn, role in world.roles.items()}
        vaults = [self.vault(owner, which) for owner in ("our", "their") for which in ("watched", "dr")]
        kept = [(vault, vault.policy, vault.lock) for vault in vaults]
        policies = {arn: key.policy for arn, key in world.keys.items()}
        yield
        for arn, (role_policies, trust) in roles.items():
            world.roles[arn].policies, world.roles[arn].trust = role_policies, trust
        for vault, policy, lock in kept:
            vault.policy, vault.lock = policy, lock
        for arn, key_policy in policies.items():
            world.keys[arn].policy = key_policy


class CopyFailedError(Exception):
    """A copy was started and failed."""


@dataclass(frozen=True)
class Barrier:
    """One thing that stands in the way; `fall` takes it away and nothing else."""

    name: str
    fall: Callable[[Tenants], None]

    def __str__(self) -> str:
        return self.name


def denial(owner: str, which: str, sid: str) -> Barrier:
    """A statement of a vault's access policy."""

    def fall(tenants: Tenants) -> None:
        vault = tenants.vault(owner, which)
        assert vault.policy is not None
        left = [each for each in vault.policy["Statement"] if each["Sid"] != sid]
        assert len(left) < len(vault.policy["Statement"])
        vault.policy = {**vault.policy, "Statement": left}

    return Barrier(f"{sid} of {owner} {which} vault", fall)


def lock(owner: str, which: str = "dr") -> Barrier:
    def fall(tenants: Tenants) -> None:
        assert tenants.vault(owner, which).lock
        tenants.vault(owner, which).lock = None

    return Barrier(f"the lock of {owner} {which} vault", fall)


def limit(output: str, sid: str) -> Barrier:
    """The resources and conditions of a statement of one of our roles in the backup account."""

    def fall(tenants: Tenants) -> None:
        role = tenants.role(output)
        policies = deepcopy(role.policies)
        (found,) = [each for policy in policies for each in policy["Statement"] if each["Sid"] == sid]
        found["Resource"] = "*"
        found.pop("Condition", None)
        role.policies = policies

    return Barrier(f"the limits of {output.removesuffix('Arn')}'s {sid}", fall)


def absence(action: str, output: str = "OperatorRoleArn") -> Barrier:
    """That no statement of a role allows an action."""

    def fall(tenants: Tenants) -> None:
        role = tenants.role(output)
        role.policies = (*role.policies, {"Statement": [{**FREE, "Action": action}]})

    return Barrier(f"{output.removesuffix('Arn')} has no {action}", fall)


def trusted(*path: str) -> Barrier:
    """A part of the operator role's trust; the condition's key, or the principal."""

    def fall(tenants: Tenants) -> None:
        role = tenants.role("OperatorRoleArn")
        trust = deepcopy(role.trust)
        (statement,) = trust["Statement"]
        if path == ("Principal",):
            statement["Principal"] = "*"
        else:
            operator, key = path
            del statement["Condition"][operator][key]
        role.trust = trust

    return Barrier(f"the trust's {path[-1]}", fall)


def nobody_else_copies_in() -> Barrier:
    def fall(tenants: Tenants) -> None:
        vault = tenants.vault("their", "watched")
        assert vault.policy is not None
        first, *others = vault.policy["Statement"]
        (organization,) = [{"aws:PrincipalOrgID": first["Condition"]["StringEquals"]["aws:PrincipalOrgID"]}]
        vault.policy = {**vault.policy, "Statement": [{**first, "Condition": {"StringEquals": organization}}, *others]}

    return Barrier("the account in WorkloadAccountsCopyIn of their watched vault", fall)


def only_this_account_uses_the_key() -> Barrier:
    def fall(tenants: Tenants) -> None:
        key = tenants.world.keys[tenants.vault("our", "watched").key_arn]
        everybody = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:*", "Resource": "*"}
        key.policy = {"Version": "2012-10-17", "Statement": [everybody]}

    return Barrier("that the watched vault's key serves its own account only", fall)


def assume(tenants: Tenants, account: str, *, path: str, external_id: str | None = EXTERNAL_ID) -> None:
    """Assume our operator role by a role of an account that may assume whatever it likes."""
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}]}
    role = tenants.world.account(account).create_role("taker", path=path, trust=trust, policies=[{"Statement": [FREE]}])
    given: dict[str, Any] = {"ExternalId": external_id} if external_id else {}
    tenants.world.session(account, role).client("sts").assume_role(
        RoleArn=tenants.ours.backup_account["OperatorRoleArn"], RoleSessionName="attack", **given
    )


def administrator(account: str, tenants: Tenants, region: str = HOME) -> Any:
    """AWS Backup as an account's administrator."""
    return tenants.world.session(account, region=region).client("backup")
