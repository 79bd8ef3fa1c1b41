# Two commands matter: `make demo` and `make test`. Everything they need is installed into .venv and .host here.
PYTHON ?= python3
VENV := .venv/bin
# Where it is set, each of the many processes here would compile anew all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test test-bench lint nightly mutants bench chaos clean

help:
	@echo "make demo          set everything up, run one escalation from end to end, stay up (ONCE=1: leave after the report)"
	@echo "make test          run the whole suite (ARGS=... goes to pytest)"
	@echo "make test-bench    the tests on the bench that this app lies in (SITE=test.localhost; BENCH=folder: another bench)"
	@echo "make lint          ruff, mypy on the engine, import-linter"
	@echo "make nightly       the models of the engine and of the app, for at least 50,000 steps; every hostile text in every field (half an hour)"
	@echo "make mutants       break each line of the engine in turn: a test must notice (ten minutes)"
	@echo "make bench         speed, against the floor of this machine (ARGS=burst: one part)"
	@echo "make chaos         some thousand escalations while everything is killed at random (five minutes)"
	@echo "make clean         remove what setup built"

setup:
	@$(PYTHON) -m host setup

demo: setup
	@$(VENV)/python -m host.demo $(if $(ONCE),--once)

# Three, on two cores: each waits a third of its time for databases and processes.
test: setup
	@$(VENV)/python -m pytest -n 3 --dist loadgroup --no-loadscope-reorder $(ARGS)

# The bench that has this folder as apps/escalation_mgmt; docs/testing.md.
BENCH ?= ../..
test-bench:
	@test -x $(BENCH)/env/bin/python || { echo "$(abspath $(BENCH)) is no bench. Say where it is: BENCH=/path/to/bench"; exit 2; }
	@$(BENCH)/env/bin/python -m tests.bench "$(SITE)" --bench $(BENCH) $(ARGS)

lint: setup
	@$(VENV)/ruff check . && $(VENV)/ruff format --check . && $(VENV)/mypy && $(VENV)/lint-imports

nightly: setup
	@HYPOTHESIS_PROFILE=nightly $(VENV)/python -m pytest -n 2 --dist loadgroup -rA tests/engine tests/scenarios/test_any_order.py tests/scenarios/test_any_rename.py tests/scenarios/test_renames.py tests/scenarios/test_taking.py tests/scenarios/test_email_texts.py $(ARGS)
	@ESCALATION_HOSTILE=all $(VENV)/python -m pytest -n 3 --dist loadgroup -rA tests/test_plain_text.py tests/scenarios/test_hostile.py tests/browser/test_hostile.py $(ARGS)

# In an environment of its own: it wants newer libraries than Frappe does.
MUTMUT := .host/mutmut/bin/mutmut
mutants:
	@test -x $(MUTMUT) || { $(PYTHON) -m venv .host/mutmut && .host/mutmut/bin/pip install --quiet -r tests/engine/mutmut.txt; }
	@HYPOTHESIS_PROFILE=mutants $(MUTMUT) run $(ARGS)
	@! $(MUTMUT) results | grep -E 'survived|no tests|suspicious'

bench: setup
	@$(VENV)/python -m benchmarks $(ARGS)

chaos: setup
	@$(VENV)/python -m benchmarks.chaos $(ARGS)

clean:
	rm -rf .venv .host .bench mutants
