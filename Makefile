# Everything starts here. `make run` and `make test` work on a fresh machine with only Python 3.11.

PYTHON ?= $(firstword $(foreach p,python3 python3.11 python3.12 python3.13 python3.14,$(shell \
            $(p) -c 'import sys; print("$(p)" if sys.version_info >= (3, 11) else "")' 2>/dev/null)) python3)
BOOTSTRAP := $(PYTHON) -B installers/bootstrap
BIN := .venv/bin
PYTEST := $(BIN)/pytest -q --no-header -p no:cacheprovider
BESIDE := -n logical --maxprocesses=4
unexport PYTHONDONTWRITEBYTECODE  # or every process of every test compiles us and rewrites our asserts
IN_TURN := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

.DEFAULT_GOAL := help
.PHONY: help run app dev python check python-check web-check test unit real chaos bench screenshots lock clean

help:                     ## what can be made
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

run: app                  ## a real model, a real answer, in a window: the demonstration
	$(BIN)/vllm-studio demo

app: python               ## .venv with the app in it, from the hashed lock
	@$(BOOTSTRAP) app

dev: python               ## the same, plus everything that checks and tests it
	@$(BOOTSTRAP) dev

python:
	@$(PYTHON) -c '' 2>/dev/null || { \
	  echo "! $(PYTHON) can not be run, and vLLM Studio needs Python 3.11 or newer." >&2; \
	  echo "  Debian, Ubuntu:  sudo apt install python3 python3-venv" >&2; \
	  echo "  macOS:           brew install python" >&2; \
	  echo "  Or name one:     make run PYTHON=/path/to/python3.12" >&2; exit 1; }

check: dev                ## both of the next two, beside each other
	@$(MAKE) --no-print-directory --jobs=2 $(IN_TURN) python-check web-check

python-check: dev         ## format, lint, types, who may import whom
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

web-check: dev            ## the web UI: types, then its own tests
	$(BIN)/python -B installers/npm.py run check
	$(BIN)/python -B installers/npm.py test

test: check               ## all of it: checks, unit tests, then the tests with real parts
	@$(BOOTSTRAP) system
	$(PYTEST) $(BESIDE) --dist worksteal -m "not real"
	$(PYTEST) $(BESIDE) --dist loadfile -m real --durations=10

unit: dev                 ## the fast tests only
	$(PYTEST) $(BESIDE) --dist worksteal -m "not real"

real: dev                 ## the tests with real engines, gateway, browser and tray
	@$(BOOTSTRAP) system
	$(PYTEST) $(BESIDE) --dist loadfile -m real

chaos: dev                ## ten bad minutes: kills, port theft, a full disk; then the books must balance
	$(BIN)/python -m tests.chaos --seconds 600

bench: dev                ## the benchmarks, as one table
	$(BIN)/python -m tests.benchmarks

screenshots: dev          ## the pictures of the documents, from a running app
	$(BIN)/python -m tests.pictures

lock:                     ## renew requirements/*.txt from pyproject.toml
	@$(BOOTSTRAP) lock

clean:                    ## back to a fresh clone (the data directory stays)
	rm -rf .venv webui/node_modules webui/dist webui/.build-stamp dist build artifacts
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
