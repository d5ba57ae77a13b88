# Everything that is run on this code is defined here; CI calls the same targets.
# A fresh machine needs Python 3.11 or newer, make, and pip's package index.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
PIP := $(PY) -m pip --disable-pip-version-check
CODE := core server processor commands tests $(wildcard bench) $(wildcard console)
PYTEST_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help install dev run test check fast format lint types imports unit faults schema bench bench-quick bench-import clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

install: $(VENV)/installed ## Install rosterdrop into .venv, with the releases that constraints.txt names

dev: $(VENV)/installed-dev ## Install what tests and checks need, too

run: install ## Start the daemon here, with its data in ./data
	$(BIN)/rosterdrop serve

test: dev ## Run all tests (PYTEST_ARGS="-k name" for some of them)
	$(PY) -m pytest $(PYTEST_ARGS)

check: lint types imports fast ## Format, lint, types, imports and the fast tests

fast: dev ## Run the tests of rules and of the repository itself: unit and contract
	$(PY) -m pytest tests/unit tests/contract $(PYTEST_ARGS)

unit: dev ## Run the tests of rules only
	$(PY) -m pytest tests/unit $(PYTEST_ARGS)

format: dev ## Put the code into its form and order the imports
	$(PY) -m ruff check --select I --fix $(CODE)
	$(PY) -m ruff format $(CODE)

lint: dev ## Check form and rules (ruff)
	$(PY) -m ruff format --check $(CODE)
	$(PY) -m ruff check $(CODE)

types: dev ## Check types (mypy, strict, tests too)
	$(PY) -m mypy $(CODE)

imports: dev ## Check which room imports which (import-linter)
	$(BIN)/lint-imports --no-cache

faults: dev ## Break it everywhere: kills, failing and full disks, power cuts and more (as root; FAULTS="--each 4" tries each fourth point)
	$(PY) -m tests.faults $(FAULTS)

schema: dev ## Make the tests' database of the newest schema anew (only until that schema is released)
	$(PY) -m tests.schemas.make

bench: dev .venv-bench/installed ## Measure everything beside others; writes bench/RESULTS.md (30 minutes; as root for sshd's passwords)
	$(PY) -m bench.run $(BENCH)

bench-quick: dev .venv-bench/installed ## The same with small sizes in 3 minutes; prints only (BENCH="--only uploads imports" for parts)
	$(PY) -m bench.run --quick $(BENCH)

bench-import: dev ## Show where the time of an import goes
	$(PY) -m bench.import_speed

clean: ## Remove .venv, caches and builds; data and keys stay
	rm -rf $(VENV) .venv-bench build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps lie inside .venv: they go with it, and are made anew when a list of dependencies changes.
$(VENV)/installed: pyproject.toml constraints.txt | $(PY)
	$(PIP) install --quiet -c constraints.txt -e .
	@touch $@

$(VENV)/installed-dev: pyproject.toml constraints.txt | $(PY)
	$(PIP) install --quiet -c constraints.txt -e '.[dev]'
	@touch $(VENV)/installed $@

.venv-bench/installed: bench/peers.txt bench/install-peers
	-PYTHON=$(PYTHON) bench/install-peers && touch $@

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "rosterdrop needs Python 3.11 or newer, and '$(PYTHON)' is $$($(PYTHON) --version 2>&1)." >&2; \
	  echo "Name another one: make PYTHON=python3.12 $(or $(firstword $(MAKECMDGOALS)),install)" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "'$(PYTHON) -m venv' failed; on Debian and Ubuntu it needs: apt-get install python3-venv" >&2; exit 1; }
