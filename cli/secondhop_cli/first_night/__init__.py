"""Answers open questions about AWS Backup with one small database, and removes what it made."""
