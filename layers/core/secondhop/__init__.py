"""Second Hop: AWS Backup recovery points to another account and another Region, verified, and cleaned up behind."""

__version__ = "0.1.0"
