"""`secondhop doctor` checks an installation in all its accounts and Regions. It only reads."""
