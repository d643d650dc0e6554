"""The rules of a chain's hops and intermediates, one module for each state, and the table that binds them."""
