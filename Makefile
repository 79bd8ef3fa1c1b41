# Two commands matter: `make demo` and `make test`. Everything they need is installed into .venv and .host here.
PYTHON ?= python3
VENV := .venv/bin

.PHONY: help setup demo test lint bench chaos clean

help:
	@echo "make demo          set everything up, run one escalation from end to end, stay up (ONCE=1: leave after the report)"
	@echo "make test          run the whole suite (ARGS=... goes to pytest)"
	@echo "make lint          ruff, mypy on the engine, import-linter"
	@echo "make bench         speed, against the floor of this machine (ARGS=burst: one part)"
	@echo "make chaos         some thousand escalations while everything is killed at random (five minutes)"
	@echo "make clean         remove what setup built"

setup:
	@$(PYTHON) -m host setup

demo: setup
	@$(VENV)/python -m host.demo $(if $(ONCE),--once)

test: setup
	@$(VENV)/python -m pytest -n 2 --dist loadgroup $(ARGS)

lint: setup
	@$(VENV)/ruff check . && $(VENV)/ruff format --check . && $(VENV)/mypy && $(VENV)/lint-imports

bench: setup
	@$(VENV)/python -m benchmarks $(ARGS)

chaos: setup
	@$(VENV)/python -m benchmarks.chaos $(ARGS)

clean:
	rm -rf .venv .host
