"""Commands that show what an installation knows: status. They change nothing."""
