"""`secondhop init`: from a few answers to samconfig.toml, a parameter file per stack, and the commands in order."""
