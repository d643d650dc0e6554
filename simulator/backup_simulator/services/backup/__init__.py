"""AWS Backup: `*_calls` and `settings` hold tables of operations; the other modules hold what AWS Backup does."""
