# Two commands: `make run` (set up, one call, then the page) and `make test`.
SHELL := /bin/bash
VENV ?= .venv
PY := $(VENV)/bin/python
ONCE ?=
CALL_ARGS ?= --wav examples/question.wav --report artifacts/call.html --out artifacts/call.wav

.PHONY: run test lint test-rust test-python test-slow wheel setup setup-test bench clean

setup:
	scripts/setup.sh $(VENV) run

setup-test:
	scripts/setup.sh $(VENV) test

run: setup
	@mkdir -p artifacts
	$(VENV)/bin/visavis call $(CALL_ARGS)
	$(if $(ONCE),,$(VENV)/bin/visavis serve)

test: setup-test lint test-rust test-python

lint:
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	scripts/cargo.sh fmt --all --check
	scripts/cargo.sh clippy --release --workspace --all-targets -- -D warnings

# The same cases in every run; `make test-slow` looks for new ones.
test-rust:
	PROPTEST_RNG_SEED=1 scripts/cargo.sh test --release --workspace

test-python:
	@mkdir -p artifacts
	$(PY) -m pytest -m "not slow"

test-slow: setup-test
	scripts/cargo.sh test --release --workspace
	$(PY) -m pytest -m "slow or hypothesis" --hypothesis-profile search

wheel:
	scripts/build_line.sh

clean:
	rm -rf $(VENV) dist artifacts
