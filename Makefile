# Everything a newcomer needs: `make setup`, `make demo`, `make test`. `make` alone lists the rest.

PYTHON  ?= python3
WORKERS ?= 2

SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -ec
VENV  := .venv
BIN   := $(VENV)/bin
# One stamp says that the environment agrees with what it was made from; touch either file and it is brought up to date.
STAMP := $(VENV)/.set-up
CODE  := src tests benchmarks

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint bench clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## make .venv with the pinned dependencies

$(STAMP): pyproject.toml constraints.txt
	@test -x $(BIN)/python || { \
	  command -v $(PYTHON) >/dev/null || { echo "no $(PYTHON) here: install Python 3.11 or later, or run make PYTHON=/path/to/python" >&2; exit 1; }; \
	  $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$$($(PYTHON) --version) is too old: Pullcord needs Python 3.11 or later; run make PYTHON=/path/to/python" >&2; exit 1; }; \
	  $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make virtual environments: on Debian, apt-get install python3-venv" >&2; exit 1; }; \
	  echo "making $(VENV) with $$($(PYTHON) --version)" >&2; \
	  $(PYTHON) -m venv $(VENV); }
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(VENV) holds $$($(BIN)/python --version), Pullcord needs 3.11 or later: remove $(VENV) and run make setup again" >&2; exit 1; }
	@echo "installing into $(VENV): a minute or two" >&2
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: setup ## run the People's Car from click to delivery, and name the report
	@$(BIN)/pullcord run programs/peoples_car
	@echo "report: out/peoples_car/report.html"

test: setup ## run the tests
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile

lint: setup ## check style and types
	@$(BIN)/ruff check --quiet $(CODE)
	@$(BIN)/ruff format --check $(CODE)
	@$(BIN)/mypy

bench: setup ## install the peers, time the benchmarks one after the other; results stay in out/bench
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,bench]'
	@mkdir -p out/bench
	@for file in benchmarks/[a-z]*.py; do \
	  echo "== $$file"; \
	  $(BIN)/python $$file | tee out/bench/$$(basename $$file .py).txt; \
	done

clean: ## remove what was generated; the virtual environment stays
	@rm -rf out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
