"""Commands with which an operator acts on an installation: retry, abandon, adopt, pause, resume."""
