# The project's commands; `make help` lists them. Nothing is installed outside this folder.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# The uv that is there, or one of our own. Relative as a target: make can't name a file whose path has a space.
INSTALLED_UV := $(shell command -v uv 2>/dev/null)
OWN_UV := .tools/uv/bin/uv
export UV := $(or $(INSTALLED_UV),$(CURDIR)/$(OWN_UV))
# The oldest SAM CLI that builds template.yaml; `make oldest-sam` really builds with it.
OLDEST_SAM := 1.160.1
# The SAM CLI that deploys is the user's own, so that one must be able to build; ours where there is none.
USER_PATH := $(PATH):$(CURDIR)/.venv/bin
# Each of these would be in the home folder.
export UV_CACHE_DIR := $(CURDIR)/.tools/uv-cache
export UV_PYTHON_INSTALL_DIR := $(CURDIR)/.tools/python
export UV_TOOL_DIR := $(CURDIR)/.tools/uv-tools
export PIP_CACHE_DIR := $(CURDIR)/.tools/pip-cache
export __SAM_CLI_APP_DIR := $(CURDIR)/.tools/sam
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export SAM_CLI_TELEMETRY := 0
export PYTHONPATH := $(CURDIR)/layers/msk_toolkit:$(CURDIR)

.PHONY: help build oldest-sam demo up down verify test torture soak compat samples check bench cost docs lock clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

build: ## Build the stack for `sam deploy`, after a look at the SAM CLI's version
	@PATH="$(USER_PATH)" python3.13 local/sam_version.py $(OLDEST_SAM)
	@PATH="$(USER_PATH)" sam build

oldest-sam: .venv/ready ## Build with the oldest SAM CLI that will do, in an environment of its own
	@"$(UV)" tool run --quiet --python 3.13 --from aws-sam-cli==$(OLDEST_SAM) --with pip \
		sam build --no-cached --build-dir build/oldest-sam

demo: .venv/ready ## The whole product on this machine, step by step; leaves nothing running
	@python -m local demo

up: .venv/ready ## Start the local system and leave it running
	@python -m local up

down: .venv/ready ## Stop what `make up` started, and what runs that died have left
	@python -m local down

verify: .venv/ready ## Acceptance test of a deployed stack: STACK=NAME, and if need be REGION, PROFILE, ARGS
	@if [ -z "$(STACK)" ]; then echo "usage: make verify STACK=NAME [REGION=R] [PROFILE=P] [ARGS='-o json']"; exit 2; fi
	@python -m mskv verify --stack "$(STACK)" $(if $(REGION),--region "$(REGION)") $(if $(PROFILE),--profile "$(PROFILE)") $(ARGS)

test: .venv/ready ## Unit, template, integration and end-to-end tests
	@python -m pytest $(PYTEST_ARGS)

torture: .venv/ready ## Over 100,000 records through everything that can fail; prints its seeds (TORTURE_SEEDS, TORTURE_RECORDS)
	@TORTURE_SEEDS="$${TORTURE_SEEDS:-0 1 2 3 4 5 6 7 8 12 13 14 15 16 17}" TORTURE_RECORDS=$${TORTURE_RECORDS:-7000} TORTURE_ELEMENTS=$${TORTURE_ELEMENTS:-25000} \
		python -m pytest -s tests/torture

compat: .venv/ready ## Topics, probes and connect on seven versions of Kafka from 2.2.1 to 4.4.0 (or VERSIONS), as a table (long)
	@python -m local.compat $(VERSIONS)

samples: .venv/ready ## Lint the sample clusters, with checkov in an environment of its own
	cfn-lint samples/clusters/template.yaml
	@"$(UV)" tool run --python 3.13 checkov --file samples/clusters/template.yaml --framework cloudformation --compact --quiet --skip-download

check: .venv/ready ## Linters and types: ruff, mypy, import-linter, sam validate, cfn-lint
	ruff check .
	ruff format --check .
	mypy
	lint-imports
	sam validate --lint
	cfn-lint template.yaml samples/clusters/template.yaml -a cfn_lint_serverless.rules

soak: .venv/ready ## 300 probe runs on healthy brokers and 300 while brokers restart: none may raise a false alarm
	@PROBE_RUNS=300 python -m pytest tests/integration/test_probes_raise_no_false_alarm.py $(PYTEST_ARGS)

bench: .venv/ready ## Cold start, topics, probes, forwarding, memory: all as ratios to others in the same run
	@mkdir -p build
	@sam build --build-dir build/bench/artifact > build/bench.log 2>&1 || \
		{ tail -20 build/bench.log; exit 1; }
	@python -m benchmarks.cold_start --build build/bench/artifact
	@python -m benchmarks.topics
	@python -m benchmarks.probes
	@python -m benchmarks.forwarding
	@python -m benchmarks.memory

cost: .venv/ready ## What the stack costs a month, counted from a run of the local system (COST_ARGS=--recorded: the last one)
	@python -m local.cost $(COST_ARGS)

docs: .venv/ready ## Write the generated documents again: settings, schemas, causes
	@python -m docs.generate

lock: ## Resolve the dependencies again and export the layer's
	"$(UV)" lock
	@$(MAKE) --silent --no-print-directory -C layers/msk_toolkit locked-requirements UV="$(UV)" > layers/msk_toolkit/requirements.txt.new
	mv layers/msk_toolkit/requirements.txt.new layers/msk_toolkit/requirements.txt

clean: ## Remove what builds, tests and runs have left (not .venv and .tools)
	@test ! -x .venv/bin/python || .venv/bin/python -m local down --all
	rm -rf .local .aws-sam build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.venv/*' -not -path './.tools/*' -prune -exec rm -rf {} +

.venv/ready: uv.lock pyproject.toml $(if $(INSTALLED_UV),,$(OWN_UV))
	@echo "Preparing Python 3.13 and the tools in .venv ..."
	@"$(UV)" sync --quiet --locked
	@touch $@

$(OWN_UV):
	@echo "uv is missing: bringing it into .tools ..."
	@python3 -m venv .tools/uv
	@.tools/uv/bin/python -m pip install --quiet uv
