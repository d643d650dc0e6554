"""What a chain is and how it advances: pure values and functions, standard library only."""
