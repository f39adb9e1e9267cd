# Two commands: `make run` (set up, one call, then the page) and `make test`.
SHELL := /bin/bash
VENV ?= .venv
PY := $(VENV)/bin/python
ONCE ?=
CALL_ARGS ?= --wav examples/question.wav --report artifacts/call.html --out artifacts/call.wav

.PHONY: run test lint lint-python lint-rust test-rust test-live test-virtual test-slow wheel setup setup-test bench clean

setup:
	scripts/setup.sh $(VENV) run

setup-test:
	scripts/setup.sh $(VENV) test

run: setup
	@mkdir -p artifacts
	$(VENV)/bin/visavis call $(CALL_ARGS)
	$(if $(ONCE),,$(VENV)/bin/visavis serve)

# Tests that keep to the wall clock: sockets, browsers, sound cards, deadlines. Most of them wait
# most of the time, so everything else runs beside them, and behind them in the scheduler's eyes.
# The page's come last: their browser keeps an event loop as long as its fixture lasts.
LIVE := $(addprefix tests/,interop server line line_native caller/test_real_call.py \
	cli/test_commands.py models/remote models/test_llama_model.py models/test_workers.py \
	netlab/test_call_through_relay.py netlab/test_relay.py netlab/test_same_decisions.py web)
BEHIND := nice -n 19

# What one of the three prints comes out when it has ended.
test:
	scripts/system_packages.sh test
	$(MAKE) --no-print-directory -j3 --output-sync=target test-rust test-live test-virtual

lint: lint-python lint-rust

lint-python: setup-test
	$(BEHIND) $(VENV)/bin/ruff check .
	$(BEHIND) $(VENV)/bin/ruff format --check .
	$(BEHIND) $(VENV)/bin/mypy
	$(BEHIND) $(VENV)/bin/lint-imports

lint-rust:
	$(BEHIND) scripts/cargo.sh fmt --all --check
	$(BEHIND) scripts/cargo.sh clippy --release --workspace --all-targets -- -D warnings

# The same cases in every run; `make test-slow` looks for new ones.
test-rust: lint-rust
	PROPTEST_RNG_SEED=1 $(BEHIND) scripts/cargo.sh test --release --workspace

test-live: setup-test
	@mkdir -p artifacts
	$(PY) -m pytest -m "not slow" $(LIVE)

test-virtual: lint-python
	$(BEHIND) $(PY) -m pytest -m "not slow" $(addprefix --ignore=,$(LIVE))

test-slow: setup-test
	scripts/cargo.sh test --release --workspace
	$(PY) -m pytest -m "slow or hypothesis" --hypothesis-profile search

wheel:
	scripts/build_line.sh

clean:
	rm -rf $(VENV) dist artifacts
