# `make help` lists the targets. Everything is installed into .venv; nothing outside the checkout is touched.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SOURCES := pyproject.toml Cargo.toml Cargo.lock $(shell find crates -name '*.rs' -o -name Cargo.toml | grep -v /target/)

.DEFAULT_GOAL := help
.PHONY: help demo test test-python test-rust lint format bench fuzz coverage certificates agreement independent-kernel docs clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(STAMP): $(SOURCES) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(STAMP) ## install, then judge the example prompts, documents, tool results and agent traces
	$(BIN)/python -m examples.demo

test: lint test-rust test-python ## install, lint, and run every test

test-python: $(STAMP) ## the Python tests
	$(BIN)/python -m pytest

test-rust: ## the tests of the Rust kernels
	cargo test --release --locked --workspace --exclude aimds-py

lint: $(STAMP) ## style, types, layers, stub against binary
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m mypy.stubtest aimds._core --ignore-disjoint-bases --allowlist tests/stubtest_allowlist.txt
	cargo fmt --all --check
	cargo clippy --release --locked --workspace --all-targets -- --deny warnings

format: $(STAMP) ## rewrite the sources in house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	cargo fmt --all

# Editable, or the copy that pip makes would hide later changes from the tests.
bench: $(STAMP) ## measure everything against baselines; results go to benches/record/
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	$(BIN)/python -m benches.run

fuzz: $(STAMP) ## ten minutes for each fuzz target (SECONDS=n for less, TARGETS="policy certificate" for some)
	fuzz/run.sh $(or $(SECONDS),600) $(TARGETS)

coverage: $(STAMP) ## line coverage of Python and Rust
	tests/coverage.sh

certificates: ## export streams of policy theorems and decisions, for other Lean 4 kernels (FOLDER=certificates)
	cargo run --release --locked -p aimds-policy --example certificates -- $(or $(FOLDER),certificates)

agreement: ## 10,000 random policies and traces: monitor, naive semantics and kernel agree (CASES=10000)
	AIMDS_CASES=$(or $(CASES),10000) cargo test --release --locked -p aimds-policy --test agreement -- --nocapture

independent-kernel: certificates ## a second Lean 4 kernel over prelude, claims and decisions (DECISIONS=200); minutes to build
	cargo run --release --locked -p aimds-proof --features independent-kernel --example second_kernel -- \
	    $(or $(FOLDER),certificates) $(or $(DECISIONS),200)

docs: $(STAMP) ## regenerate the generated pages
	$(BIN)/python -m aimds.cli.reference > docs/cli.md

clean: ## remove what was built
	rm -rf $(VENV) target dist htmlcov .coverage certificates
