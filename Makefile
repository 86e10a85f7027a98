# The project's commands; `make help` lists them. Nothing is installed outside this folder.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# The installed uv, or our own. Relative as a target: make cannot name a file whose path has a space.
INSTALLED_UV := $(shell command -v uv 2>/dev/null)
OWN_UV := .tools/uv/bin/uv
export UV := $(or $(INSTALLED_UV),$(CURDIR)/$(OWN_UV))
# The oldest SAM CLI that builds template.yaml; `make oldest-sam` builds with it.
OLDEST_SAM := 1.160.1
# The user's own SAM CLI deploys, so it must be able to build; ours if there is none.
USER_PATH := $(PATH):$(CURDIR)/.venv/bin
# By default each of these is in the home folder.
export UV_CACHE_DIR := $(CURDIR)/.tools/uv-cache
export UV_PYTHON_INSTALL_DIR := $(CURDIR)/.tools/python
export UV_TOOL_DIR := $(CURDIR)/.tools/uv-tools
export PIP_CACHE_DIR := $(CURDIR)/.tools/pip-cache
export __SAM_CLI_APP_DIR := $(CURDIR)/.tools/sam
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export SAM_CLI_TELEMETRY := 0
export PYTHONPATH := $(CURDIR)/layers/msk_toolkit:$(CURDIR)

# Run a command that prints nothing for long, with a dot every three seconds.
with_dots = @(while sleep 3; do printf .; done) & dots=$$!; trap "kill $$dots" EXIT; $(1) && echo

.PHONY: help build oldest-sam demo up down verify test quick torture chaos fuzz mutants soak soak-functions compat samples registries check checked-code checked-templates bench cost docs lock version release clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

build: ## Build the stack for `sam deploy`; checks the SAM CLI's version first
	@PATH="$(USER_PATH)" python3.13 local/sam_version.py $(OLDEST_SAM)
	@PATH="$(USER_PATH)" sam build

oldest-sam: .venv/ready .tools/oldest-sam/ready ## Build with the oldest supported SAM CLI, in its own environment
	@PATH="$(CURDIR)/.tools/oldest-sam/bin:$(PATH)" sam build --no-cached --build-dir build/oldest-sam

demo: .venv/ready ## Run the whole product on this machine, step by step; leaves nothing running
	@python -m local demo

up: .venv/ready ## Start the local system and leave it running
	@python -m local up

down: .venv/ready ## Stop what `make up` started, and the leftovers of runs that died
	@python -m local down

verify: .venv/ready ## Run the acceptance test of a deployed stack: STACK=NAME [REGION, PROFILE, ARGS]
	@if [ -z "$(STACK)" ]; then echo "usage: make verify STACK=NAME [REGION=R] [PROFILE=P] [ARGS='-o json']"; exit 2; fi
	@mskv verify --stack "$(STACK)" $(if $(REGION),--region "$(REGION)") $(if $(PROFILE),--profile "$(PROFILE)") $(ARGS)

test: .venv/ready .tools/schema-producers/ready ## Run the unit, template, integration and end-to-end tests
	@python -m pytest -n auto $(PYTEST_ARGS)

# What takes seconds by itself; `make test` runs it.
SLOW_UNIT_TESTS := functions local_interrupts on_moto redrive_time skips_in_ci topics_apply vpc_read vpc_rules

quick: .venv/ready ## Run linters, type checks and all but the slowest unit tests, in less than a minute
	@ruff check --quiet .
	@ruff format --check --quiet .
	@lint-imports --no-logo
	@mypy
	@python -m pytest -n auto --quiet tests/unit $(SLOW_UNIT_TESTS:%=--ignore tests/unit/test_%.py) $(PYTEST_ARGS)

torture: .venv/ready ## Forward over 100,000 records under every kind of failure; prints its seeds (TORTURE_SEEDS, TORTURE_RECORDS)
	@TORTURE_SEEDS="$${TORTURE_SEEDS:-0 1 2 3 4 5 6 7 8 12 13 14 15 16 17}" TORTURE_RECORDS=$${TORTURE_RECORDS:-7000} TORTURE_ELEMENTS=$${TORTURE_ELEMENTS:-25000} \
		python -m pytest -s tests/torture

chaos: .venv/ready ## Disturb the whole local system and account for every record (CHAOS_SEEDS, CHAOS_RECORDS for each seed, CHAOS_ARGS)
	@python -m tests.chaos --seeds $${CHAOS_SEEDS:-1 2} --records $${CHAOS_RECORDS:-100000} $(CHAOS_ARGS)

fuzz: .venv/ready ## Play inputs with something wrong in them by the million (FUZZ_EVENTS and so on, FUZZ_SEED): each ends in an answer or a clear error
	@python -m tests.fuzz events --count $${FUZZ_EVENTS:-1000000} --seed $${FUZZ_SEED:-1}
	@python -m tests.fuzz requests --count $${FUZZ_REQUESTS:-150000} --seed $${FUZZ_SEED:-1}
	@python -m tests.fuzz topic-files --count $${FUZZ_TOPIC_FILES:-50000} --seed $${FUZZ_SEED:-1}
	@python -m tests.fuzz answers --count $${FUZZ_ANSWERS:-100000} --seed $${FUZZ_SEED:-1}
	@python -m tests.fuzz brokers --count $${FUZZ_BROKERS:-100000} --seed $${FUZZ_SEED:-1}

mutants: .venv/ready ## Change the decision modules in 100 places (MUTANTS; 0: all) and list what no test notices (MUTANT_SEED, MUTANT_PACKAGES)
	@python -m tests.mutants

compat: .venv/ready ## Test topics, probes and connect on Kafka 2.2.1 to 4.4.0 (or VERSIONS); prints a table (long)
	@python -m local.compat $(VERSIONS)

registries: .venv/ready .tools/schema-producers/ready ## Decode what real serializers write by a real schema registry, Apicurio's
	@python -m tests.contract.apicurio

samples: .venv/ready .tools/checkov/ready ## Lint the sample clusters, with checkov in its own environment
	cfn-lint samples/clusters/template.yaml
	@.tools/checkov/bin/checkov --file samples/clusters/template.yaml --framework cloudformation --compact --quiet --skip-download

check: .venv/ready ## Run the static checks: ruff, mypy, import-linter, sam validate, cfn-lint
	@$(MAKE) --no-print-directory --jobs 2 checked-code checked-templates

checked-code: .venv/ready
	ruff check .
	ruff format --check .
	mypy
	lint-imports

checked-templates: .venv/ready
	sam validate --lint
	cfn-lint template.yaml samples/clusters/template.yaml -a cfn_lint_serverless.rules

soak: .venv/ready ## Run the probes 300 times on healthy and 300 times on restarting brokers: no false alarms
	@PROBE_RUNS=300 python -m pytest tests/integration/test_probes_raise_no_false_alarm.py $(PYTEST_ARGS)

soak-functions: .venv/ready ## Invoke each function 10,000 times while it is warm: nothing grows (SOAK_ARGS)
	@python -m benchmarks.soak $(SOAK_ARGS)

bench: .venv/ready ## Benchmark cold start, topics, probes, forwarding and memory, as ratios to alternatives in the same run (BENCH_ARGS)
	@mkdir -p build
	@sam build --build-dir build/bench/artifact > build/bench.log 2>&1 || \
		{ tail -20 build/bench.log; exit 1; }
	@python -m benchmarks.cold_start --build build/bench/artifact
	@python -m benchmarks.topics
	@python -m benchmarks.probes
	@python -m benchmarks.forwarding $(BENCH_ARGS)
	@python -m benchmarks.memory

cost: .venv/ready ## Calculate the stack's monthly cost from a run of the local system (COST_ARGS=--recorded: the last one)
	@python -m local.cost $(COST_ARGS)

docs: .venv/ready ## Regenerate the generated documents: settings, schemas, runbook, cost
	@python -m docs.generate

lock: ## Resolve the dependencies again, with hashes, and export the layer's (UPGRADE=1: to newer versions)
	"$(UV)" lock $(if $(UPGRADE),--upgrade)
	@for name in $(patsubst locks/%.in,%,$(wildcard locks/*.in)); do \
		"$(UV)" pip compile --quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.13 \
			$(if $(UPGRADE),--upgrade) locks/$$name.in --output-file locks/$$name.txt || exit 1; done
	@$(MAKE) --silent --no-print-directory -C layers/msk_toolkit locked-requirements UV="$(UV)" > layers/msk_toolkit/requirements.txt.new
	mv layers/msk_toolkit/requirements.txt.new layers/msk_toolkit/requirements.txt
	@$(MAKE) --silent --no-print-directory -C layers/schemas locked-requirements UV="$(UV)" > layers/schemas/requirements.txt.new
	mv layers/schemas/requirements.txt.new layers/schemas/requirements.txt

version: .venv/ready ## Write another version into every file that names it: NEW=X.Y.Z
	@if [ -z "$(NEW)" ]; then echo "usage: make version NEW=X.Y.Z"; exit 2; fi
	@python -m release version "$(NEW)"

release: .venv/ready ## Package the current version into build/release (TESTS=1: all tests first; TAG=1: commit and tag)
	@python -m release make --uv "$(UV)" $(if $(TESTS),--tests) $(if $(TAG),--tag)

clean: ## Remove the output of builds, tests and runs (not .venv and .tools)
	@test ! -x .venv/bin/python || .venv/bin/python -m local down --all
	rm -rf .local .aws-sam build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.venv/*' -not -path './.tools/*' -prune -exec rm -rf {} +

.venv/ready: uv.lock pyproject.toml $(if $(INSTALLED_UV),,$(OWN_UV))
	@echo "Preparing Python 3.13 and the tools in .venv: 700 MB on disk, once"
	$(call with_dots,"$(UV)" sync --quiet --locked)
	@touch $@

$(OWN_UV): locks/uv.txt
	@echo "uv is not installed: installing it into .tools, 60 MB"
	@python3 -m venv .tools/uv
	$(call with_dots,.tools/uv/bin/python -m pip install --quiet --require-hashes --requirement locks/uv.txt)
	@touch $@

# Programs in environments of their own, each with everything that it needs by hash.
.tools/%/ready: locks/%.txt
	@"$(UV)" venv --quiet --clear --python 3.13 ".tools/$*"
	@"$(UV)" pip sync --quiet --require-hashes --python ".tools/$*" "locks/$*.txt"
	@touch $@
