"""Use cases: one function, one transaction. Steps that run inside a caller's unit of work take it as first argument."""
