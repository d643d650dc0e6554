"""Simulated nights: many databases and many kinds of faults, drawn from a seed, with checks of every promise."""
