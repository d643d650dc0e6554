"""Deletion and expiry of recovery points (rules 11, 13 and 14).

DeleteRecoveryPoint answers 200 at once and deletes later. Without permission the point becomes EXPIRED and remains.
Points expire at a random moment in the 8 hours after their time (devguide/deleting-backups).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from backup_simulator.access import Access
from backup_simulator.errors import Refused
from backup_simulator.ground import Ground
from backup_simulator.identity import Identity
from backup_simulator.model import Caller, Deletion, Point, Role, Vault
from backup_simulator.services.backup.copy_ledger import CopyLedger
from backup_simulator.services.backup.points import Points
from backup_simulator.switches import DeleteDuringCopy
from backup_simulator.vaults import Vaults

# Seen in several runs, for deletes and lifecycle changes, also of an administrator under a governance lock.
LOCKED = "RecoveryPoint cannot be deleted or updated (Backup vault configured with Lock)"
# https://repost.aws/knowledge-center/backup-recovery-points-hold-vault
ON_HOLD = "The recovery point cannot be deleted because it has active legal hold(s)"


def _still_listed(vault: Vault, since: datetime) -> list[Point]:
    return [point for point in vault.lately_gone if point.gone_at is not None and point.gone_at > since]


class Deleting:
    """Deletes recovery points, and lets them expire."""

    def __init__(
        self, ground: Ground, identity: Identity, access: Access, *, vaults: Vaults, points: Points, ledger: CopyLedger
    ) -> None:
        self._ground = ground
        self._identity = identity
        self._access = access
        self._vaults = vaults
        self._points = points
        self._ledger = ledger
        points.on_landed(self.expire_later)
        self.accepted: list[Deletion] = []
        self.lifecycle_changes: list[tuple[datetime, str, str]] = []
        """Time, role and recovery point."""

    def delete(self, caller: Caller, region: str, vault_name: str, point_arn: str) -> None:
        """DeleteRecoveryPoint."""
        vault = self._vaults.named(caller.account, region, vault_name)
        point = vault.points.get(point_arn)
        if point is None:
            raise Refused("ResourceNotFoundException", "Cannot find recovery point")
        if vault.lock:
            raise Refused(self._ground.unknown.locked_delete_code, LOCKED)
        if point.on_hold:
            raise Refused("InvalidRequestException", ON_HOLD)
        if point.status == "DELETING":
            raise Refused("InvalidResourceStateException", "Recovery point is already being deleted.")
        if self._ledger.copies_from(point_arn) and self._ground.unknown.delete_during_copy is DeleteDuringCopy.REFUSED:
            raise Refused("InvalidResourceStateException", "Recovery point is being copied.")
        self.accepted.append(Deletion(at=self._ground.now(), by=caller.name, point_arn=point_arn, vault_arn=vault.arn))
        self._ground.note("delete", caller.account, region, f"delete accepted for {point_arn}", point=point_arn)
        self._remove(point)

    def _remove(self, point: Point) -> None:
        """Delete it minutes later. Without permission it becomes EXPIRED at once, and remains."""
        if not self._is_permitted(point):
            if point.status != "EXPIRED":
                self._points.change_status(point, "EXPIRED")
            return
        self._points.change_status(point, "DELETING")
        self._ground.clock.after(timedelta(minutes=1 + 9 * self._ground.random.random()), lambda: self._gone(point))

    def _is_permitted(self, point: Point) -> bool:
        """Whether AWS Backup can carry a delete out (API_DeleteRecoveryPoint).

        The service-linked role deletes. If it does not exist, the role of the point must be able to create it.
        """
        role = self._identity.roles.get(point.role_arn)
        if self._ground.unknown.delete_leaves_expired:
            return False
        if self._identity.service_linked_role(point.account) is None and (
            role is None or not self._access.role_may(role, "iam:CreateServiceLinkedRole", "*")
        ):
            return False
        if not self._ground.unknown.delete_asks_the_points_role or role is None or role.account != point.account:
            return True
        return self._may_delete(role, point)

    def _may_delete(self, role: Role, point: Point) -> bool:
        kind = "Cluster" if ":cluster-snapshot:" in point.arn else ""
        return self._access.role_may(role, f"rds:DeleteDB{kind}Snapshot", point.arn)

    def _maker_permits(self, point: Point) -> bool:
        """Whether the role of a point still allows its expiry (backup-iam, Warning).

        A copy from another account was made with a role of that account, which deletes nothing here.
        """
        if not self._ground.unknown.expiry_asks_the_makers_role or point.role_arn.split(":")[4] != point.account:
            return True
        role = self._identity.roles.get(point.role_arn)
        return role is not None and self._may_delete(role, point)

    def expire_later(self, point: Point) -> None:
        """Let a point expire by its lifecycle. If that is already over, it is deleted soon."""
        if point.delete_at is None:
            return
        window = timedelta(hours=8) * self._ground.random.random()
        self._ground.clock.at(point.delete_at + window, lambda: self._expire(point))

    def _expire(self, point: Point) -> None:
        if point.gone_at is not None or point.delete_at is None or point.delete_at > self._ground.now():
            return
        if point.on_hold:
            # Checked again later, because a hold can last longer than the lifecycle (legal-holds).
            self._ground.clock.after(timedelta(hours=8), lambda: self._expire(point))
        elif self._is_permitted(point) and self._maker_permits(point):
            self._gone(point)
        elif point.status != "EXPIRED":
            self._points.change_status(point, "EXPIRED")

    def _gone(self, point: Point) -> None:
        point.gone_at = self._ground.now()
        vault = self._vaults.by_arn(point.vault_arn)
        vault.points.pop(point.arn, None)
        vault.lately_gone = [*_still_listed(vault, self._ground.now() - self._ground.delivery.list_lag), point]
        self._ground.note("gone", point.account, point.region, f"{point.arn} is gone", point=point.arn)
