"""Inlet on one machine: servers, web, workers and scheduler, until Ctrl-C. Everything it does is in app/host."""

from __future__ import annotations

import os
import sys

from app.host.machine import main

if __name__ == "__main__":
    sys.exit(main(os.environ))
