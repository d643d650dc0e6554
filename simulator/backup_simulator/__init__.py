"""An AWS Backup simulator: many accounts and Regions on a virtual clock, as strict and unreliable as AWS."""

from backup_simulator.errors import NotModelled, ProcessDied, Refused
from backup_simulator.eventbridge import RuleTarget
from backup_simulator.faults import FaultPlan
from backup_simulator.model import TraceLine
from backup_simulator.services.sns import Published
from backup_simulator.switches import (
    DeleteDuringCopy,
    Delivery,
    DescribesBackupKey,
    OverQuota,
    SourceVaultShown,
    UnknownBehaviour,
)
from backup_simulator.world import World

__all__ = [
    "DeleteDuringCopy",
    "Delivery",
    "DescribesBackupKey",
    "FaultPlan",
    "NotModelled",
    "OverQuota",
    "ProcessDied",
    "Published",
    "Refused",
    "RuleTarget",
    "SourceVaultShown",
    "TraceLine",
    "UnknownBehaviour",
    "World",
]
