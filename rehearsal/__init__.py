"""Connects the simulator, the templates and the functions: the demo, replay and the simulated nights."""
