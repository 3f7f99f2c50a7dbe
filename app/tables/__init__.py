"""The tables by family: columns, relations, constraints, indexes and version columns, and nothing else."""
