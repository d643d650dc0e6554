"""Nights: whole nights of many databases under every fault that can be thought of, drawn from a seed and judged."""
