# Everything sets itself up: plain `python3 -m venv` and pip, again only when pyproject.toml changes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
MATRIX := .venv-openai2
SOURCES := langchain_modelrouter graphs tests benchmarks

.PHONY: help setup demo test check check-matrix format bench eval weights notebooks clean

help: ## Say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/'

$(READY): pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --editable '.[all]' --group dev
	@touch $@

setup: $(READY) ## Make the environment in .venv

demo: $(READY) ## Analyse a small site with four agents, one provider failing on the way
	@$(BIN)/modelrouter demo

test: $(READY) ## Run all tests
	$(BIN)/python -m pytest

check: $(READY) ## Format, lint, types, import layers, tests: the whole gate
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest

check-matrix: ## Run the tests of failures and faults on openai 2 with httpx, in an environment of its own
	@test -x $(MATRIX)/bin/python || $(PYTHON) -m venv $(MATRIX)
	@$(MATRIX)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	@$(MATRIX)/bin/python -m pip install --quiet --editable '.[agents]' 'openai<3' --group test
	$(MATRIX)/bin/python -m pytest tests/dispatch tests/faults

format: $(READY) ## Format and mend what can be mended
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format .

bench: $(READY) ## Measure, as ratios in one run
	$(BIN)/python -m benchmarks

eval: $(READY) ## Judge the classifier by leaving whole sources out (needs ../shared/data)
	$(BIN)/python -m benchmarks.classifier > docs/evaluation.md.new && mv docs/evaluation.md.new docs/evaluation.md
	cat docs/evaluation.md

weights: $(READY) ## Fit the built-in classifier again (needs ../shared/data)
	$(BIN)/modelrouter train $(addprefix --data ,../shared/data/classes_dev.jsonl.gz $(wildcard training/prompts_*.jsonl)) \
		--out langchain_modelrouter/routing/classifiers/data/local.weights

notebooks: $(READY) ## Run the notebooks again and store what they show
	$(BIN)/python -m tests.refresh_notebooks

clean: ## Remove the environment and all caches
	rm -rf $(VENV) $(MATRIX) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist build
