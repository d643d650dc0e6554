"""`secondhop doctor` looks at an installation in all its sites, and says what would make a copy fail. It only reads."""
