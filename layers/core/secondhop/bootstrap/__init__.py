"""Builds the use cases of each function: one module for each, over what they share."""
