"""What a test creates in an account: roles with their policies, and its place in the organization."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from backup_simulator.identity import Identity


class Account:
    """An account of the organization."""

    def __init__(self, identity: Identity, account_id: str) -> None:
        self._identity = identity
        self.id = account_id

    def create_role(
        self,
        name: str,
        *,
        path: str = "/",
        trust: dict[str, Any],
        policies: Sequence[dict[str, Any]] = (),
        boundary: dict[str, Any] | None = None,
    ) -> str:
        """A role; its ARN. `boundary` is a permissions boundary."""
        return self._identity.create_role(
            self.id, name, path=path, trust=trust, policies=tuple(policies), boundary=boundary
        )

    def bound_role(self, role_arn: str, boundary: dict[str, Any] | None) -> None:
        """Give a role another permissions boundary, or none."""
        self._identity.bound(role_arn, boundary)

    def set_service_control_policies(self, levels: Sequence[Sequence[dict[str, Any]]]) -> None:
        """The organization's policies for the account, a list for each level from the root to the account itself.

        Every level must allow each action in the account, also of the administrator. No levels mean FullAWSAccess.
        """
        self._identity.set_service_control(self.id, levels)

    def add_policy(self, role_name: str, policy: dict[str, Any]) -> None:
        """Add an identity policy with this name to a role."""
        self._identity.add_policy(self.id, role_name, policy)

    def delete_role(self, role_arn: str) -> None:
        """Remove a role. Running jobs with this role continue."""
        self._identity.delete_role(role_arn)

    def join_organization(self, organization_id: str) -> None:
        """Move the account to another organization; an empty text means none."""
        self._identity.move(self.id, organization_id)

    def create_service_linked_role(self, service: str) -> str:
        """A service-linked role; its ARN."""
        trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]}
        name = {"backup.amazonaws.com": "AWSServiceRoleForBackup"}[service]
        return self.create_role(name, path=f"/aws-service-role/{service}/", trust=trust)
