# storyfold: `make demo` shows it, `make test` proves it. Both make their own environment in .venv.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
# The first Python that is new enough; set PYTHON to choose.
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$name"; break; }; done)
DATA ?= ../shared/data

.PHONY: help env demo test test-full lint types bench lock wheel clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

env: $(VENV)/.ready ## make the environment in .venv from requirements.lock

$(VENV)/.ready: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "storyfold needs Python 3.11 or newer: make PYTHON=/path/to/python3.12" >&2; exit 2; }
	@if command -v uv >/dev/null 2>&1; then \
		uv venv --quiet --allow-existing --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV) && \
		VIRTUAL_ENV=$(VENV) uv pip install --compile-bytecode --require-hashes -r requirements.lock && \
		VIRTUAL_ENV=$(VENV) uv pip install --quiet --no-deps --no-build-isolation --editable .; \
	else \
		$(PYTHON) -m venv $(VENV) && \
		$(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements.lock && \
		$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .; \
	fi
	@touch $@

demo: env ## crawl a local news web of our own, fold it, compare with its truth
	@$(BIN)/storyfold demo

test: env ## the test suite, without the slow part
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

test-full: env ## every test: kills, races, an installed wheel
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: env ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: env ## mypy, strict
	$(BIN)/python -m mypy

bench: env ## quality and speed on the data in DATA (default ../shared/data)
	$(BIN)/python -m benchmarks.extraction --data $(DATA)/extraction
	$(BIN)/python -m benchmarks.labels --data $(DATA)/extraction
	$(BIN)/python -m benchmarks.copies --data $(DATA)
	$(BIN)/python -m benchmarks.stories --data $(DATA)
	$(BIN)/python -m benchmarks.replay --data $(DATA)
	$(BIN)/python -m benchmarks.inputs --data $(DATA)

lock: ## pin every dependency anew, with hashes and without any registry's address (needs uv)
	uv pip compile --universal --generate-hashes --no-header --no-annotate --python-version 3.11 --extra dev \
		pyproject.toml --output-file requirements.lock --upgrade

wheel: env ## build dist/storyfold-*.whl
	$(BIN)/python -m hatchling build -t wheel

clean: ## remove the environment and everything that was built
	rm -rf $(VENV) dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis
	rm -f storyfold-demo.db storyfold-demo.db-wal storyfold-demo.db-shm
