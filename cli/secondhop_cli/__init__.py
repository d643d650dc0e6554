"""The operator's desk: the command `secondhop`. Never shipped to Lambda."""
