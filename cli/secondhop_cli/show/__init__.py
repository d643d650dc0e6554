"""Commands that show what an installation knows: status, list, show, incidents, explain. They change nothing."""
