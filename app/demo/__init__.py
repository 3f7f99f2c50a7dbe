"""The demo: a loaded database to look at, and the outside world that keeps it moving."""
