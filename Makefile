# Inlet needs Python 3.11 or later and make, nothing else. Paths here are relative: make cannot cope with a space in one.

PYTHON ?= python3
BIN := .venv/bin
WORKERS ?= 2
# The demo is on for `make run`; `make run DEMO=0` wants SECRET_KEY and ENCRYPTION_KEYS in the environment.
DEMO ?= 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test lint format bench lock assets browser screenshots clean forget

help: ## Say what can be made
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 16

run: .venv/run.stamp assets ## Start everything on this machine and print the address of the page (DEMO=0, PORT=8080)
	@DEMO=$(DEMO) $(BIN)/python run.py

test: .venv/dev.stamp assets browser ## Run all tests; ARGS="tests/domain -k rollup" picks some
	@$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

lint: .venv/dev.stamp ## Check style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: .venv/dev.stamp ## Bring the code into the one format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: .venv/dev.stamp ## Measure what the promises say about speed
	@for benchmark in benchmarks/[a-z]*.py; do PYTHONPATH=. $(BIN)/python "$$benchmark" || exit 1; done

lock: .venv/dev.stamp ## Pin every dependency anew after a change of pyproject.toml or package.json
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
		--extra local -o requirements.lock pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
		--extra local --extra dev -o requirements-dev.lock pyproject.toml
	@$(BIN)/python scripts/build_assets.py --lock

assets: .venv/run.stamp ## Bundle scripts and styles when they have changed
	@$(BIN)/python scripts/build_assets.py

browser: .venv/bin/python ## Install Chromium for the browser tests where it is missing and this user may
	@$(BIN)/python scripts/chromium.py

screenshots: .venv/dev.stamp assets browser ## Make the pictures of the README anew, from a demo of their own
	@PYTHONPATH=. $(BIN)/python scripts/screenshots.py

clean: ## Remove what was made here but the data: the environment, the assets, the caches
	rm -rf .venv node_modules app/static/build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

forget: .venv/run.stamp ## Remove all data of `make run` in this folder, to begin again
	@$(BIN)/python -m app.host.forget

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Inlet needs Python 3.11 or later; PYTHON=python3.12 make … picks another.") \
		if sys.version_info < (3, 11) else None'
	@echo "Making the virtual environment …"
	@$(PYTHON) -m venv .venv

# The lock of the tests holds everything of the lock of a run, at the same versions.
.venv/run.stamp: requirements.lock | .venv/bin/python
	@echo "Installing what Inlet needs …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

.venv/dev.stamp: requirements-dev.lock | .venv/bin/python
	@echo "Installing what Inlet and its tests need …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@ .venv/run.stamp
