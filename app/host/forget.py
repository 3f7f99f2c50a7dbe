"""`make forget` asks this to remove the project's data folder and what its servers hold elsewhere."""

from __future__ import annotations

import sys

from app.domain.errors import InletError
from app.host.places import forget
from config import PROJECT

if __name__ == "__main__":
    try:
        # Never a folder that INLET_DATA names: that one was made by a person.
        forget(PROJECT / ".data")
    except InletError as problem:
        sys.exit(problem.sentence())
