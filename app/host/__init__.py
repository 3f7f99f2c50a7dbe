"""The only code that starts processes: PostgreSQL and Redis for one machine, and all that `run.py` supervises."""
