# The project's commands; `make help` lists them. Nothing is installed outside this folder.
SHELL := /bin/bash
.DEFAULT_GOAL := help

TOOLS := $(CURDIR)/.tools
# The uv that is there, or one of our own in .tools.
UV := $(or $(shell command -v uv 2>/dev/null),$(TOOLS)/uv/bin/uv)
export UV
# Lambda's name of this machine's processor.
MACHINE := $(if $(filter arm64 aarch64,$(shell uname -m)),arm64,x86_64)
export UV_CACHE_DIR := $(TOOLS)/uv-cache
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export SAM_CLI_TELEMETRY := 0
export PYTHONPATH := $(CURDIR)/layers/msk_toolkit:$(CURDIR)

.PHONY: help demo up down test check bench docs lock clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 10

demo: .venv/ready ## The whole product on this machine, step by step; leaves nothing running
	@python -m local demo

up: .venv/ready ## Start the local system and leave it running
	@python -m local up

down: .venv/ready ## Stop what `make up` started
	@python -m local down

test: .venv/ready ## Unit, template, integration and end-to-end tests
	@python -m pytest $(PYTEST_ARGS)

check: .venv/ready ## Linters and types: ruff, mypy, import-linter, sam validate, cfn-lint
	ruff check .
	ruff format --check .
	mypy
	lint-imports
	sam validate --lint
	cfn-lint template.yaml -a cfn_lint_serverless.rules

bench: .venv/ready | build ## Cold start and memory of each built function, plan and apply of 300 topics, as ratios
	@sam build --build-dir build/bench/artifact --parameter-overrides Architecture=$(MACHINE) > build/bench.log 2>&1 || \
		{ tail -20 build/bench.log; exit 1; }
	@python -m benchmarks.cold_start --build build/bench/artifact
	@python -m benchmarks.topics

docs: .venv/ready ## Write the generated documents again: settings, schemas, causes
	@python -m docs.generate

lock: ## Resolve the dependencies again and export the layer's
	$(UV) lock
	@$(MAKE) --silent --no-print-directory -C layers/msk_toolkit locked-requirements UV=$(UV) > layers/msk_toolkit/requirements.txt.new
	mv layers/msk_toolkit/requirements.txt.new layers/msk_toolkit/requirements.txt

clean: ## Remove what builds, tests and runs have left (not .venv and .tools)
	@test ! -x .venv/bin/python || .venv/bin/python -m local down
	rm -rf .local .aws-sam build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.venv/*' -not -path './.tools/*' -prune -exec rm -rf {} +

build:
	@mkdir -p $@

.venv/ready: uv.lock pyproject.toml $(UV)
	@echo "Preparing Python 3.13 and the tools in .venv ..."
	@$(UV) sync --quiet --locked
	@touch $@

$(TOOLS)/uv/bin/uv:
	@echo "uv is missing: bringing it into .tools ..."
	@python3 -m venv $(TOOLS)/uv
	@$(TOOLS)/uv/bin/pip install --quiet uv
