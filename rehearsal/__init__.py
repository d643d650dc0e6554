"""The only room that joins the simulator, the templates and the functions. Demo and replay stand on it."""
