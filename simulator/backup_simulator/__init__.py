"""An AWS Backup simulator: many accounts and Regions on a virtual clock, as strict and unreliable as AWS."""

from backup_simulator.errors import NotModelled, ProcessDied, Refused
from backup_simulator.eventbridge import RuleTarget
from backup_simulator.faults import FaultPlan
from backup_simulator.model import TraceLine
from backup_simulator.services.sns import Published
from backup_simulator.switches import (
    CopyFromAskedOf,
    DeleteDuringCopy,
    Delivery,
    DescribesBackupKey,
    OverQuota,
    SourceVaultShown,
    TokenOfAnother,
    UnknownBehaviour,
)
from backup_simulator.world import World

__all__ = [
    "CopyFromAskedOf",
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
    "TokenOfAnother",
    "TraceLine",
    "UnknownBehaviour",
    "World",
]
