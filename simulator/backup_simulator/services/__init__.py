"""The AWS services that a world answers for: one module each, with a table of its operations."""
