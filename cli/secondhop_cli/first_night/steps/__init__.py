"""The steps of a run, each for some of the questions."""
