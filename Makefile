# Every door of the repository. `make` alone says what there is; each door sets itself up on first use.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:

VENV ?= .venv
SAM_VENV := .venv-sam
AWS_CLI_VENV := .venv-aws-cli
CLOUD_VENV := .venv-local-cloud
WORKFLOWS_VENV := .venv-workflows
POLICY_LINTERS_VENV := .venv-policy-linters
LOCK_VENV := .venv-lock
MUTANTS_VENV := .venv-mutants
# A version, name or path of the interpreter to use, for example PYTHON=3.11; empty takes the best there is.
PYTHON ?=
PIP := python -m pip --disable-pip-version-check --no-input -qq
EVENT ?=
# Folders of tests; empty takes all.
TESTS ?=
# Names of mutants of the simulator, with *; empty takes all.
NAMES ?=
# The packages that the editable installation names; a room that is new must be installed again.
ROOMS := $(wildcard layers/core/secondhop/__init__.py cli/*/__init__.py simulator/*/__init__.py rehearsal/__init__.py local_cloud/__init__.py)

export SAM_CLI_TELEMETRY := 0
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV

.PHONY: help
help: ## List the targets
	@echo "Second Hop. On first use each target makes its own environment with Python 3.11 or newer."
	@echo
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1#\2/p' Makefile | awk -F'#' '{ printf "%-18s %s\n", $$1, $$2 }'
	@echo
	@echo "PYTHON=3.11 (or a path) chooses the interpreter of a new environment, VENV= its folder."

# ---------------------------------------------------------------- what people come for

.PHONY: demo
demo: $(VENV)/.demo ## Run two nights of backups on the simulator, and show what happened to each database
	@$(VENV)/bin/secondhop demo

.PHONY: test
test: $(VENV)/.dev ## Run the test suite (nine minutes on two cores)
	@$(VENV)/bin/python -m pytest -n 2 --dist worksteal $(TESTS)

NIGHTS ?= 20
SEED ?= 1
FRESH ?= 0
.PHONY: simulate
simulate: $(VENV)/.dev ## Run simulated nights with faults and check the promises: make simulate NIGHTS=300 [SEED=n]
	@$(VENV)/bin/secondhop simulate --nights="$(NIGHTS)" --seed="$(SEED)" --fresh="$(FRESH)"

.PHONY: nights
nights: $(VENV)/.dev ## Run 300 nights, 30 of them with random seeds, and require every rare branch: make nights [SEED=n]
	@$(VENV)/bin/secondhop simulate --nights=300 --seed="$(SEED)" --fresh=30

PORT ?= 4510
.PHONY: local-cloud
local-cloud: build $(CLOUD_VENV)/.cloud $(VENV)/.demo ## Deploy to a cloud on this machine, and show the progress of four backups
	@$(VENV)/bin/python -m local_cloud start --port="$(PORT)"

.PHONY: local-cloud-stop
local-cloud-stop: $(VENV)/.demo ## Stop the cloud on this machine
	@$(VENV)/bin/python -m local_cloud stop

.PHONY: replay
replay: $(VENV)/.demo ## Send one event through the real handler: make replay EVENT=events/<file>.json
	@test -n "$(EVENT)" || { echo "make replay needs a file: make replay EVENT=events/<file>.json" >&2; exit 2; }
	@$(VENV)/bin/secondhop replay "$(EVENT)"

ARGUMENTS ?=
.PHONY: first-night
first-night: $(VENV)/.demo ## Answer open questions on real AWS with one small database (costs money): make first-night ARGUMENTS=--list
	@$(VENV)/bin/secondhop first-night $(ARGUMENTS)

# ---------------------------------------------------------------- what guards the repository

.PHONY: check
check: test rest-of-check ## Run everything that CI runs

.PHONY: rest-of-check
rest-of-check: demo lint types imports templates workflows policies rights under-fire nights tables coverage aws-cli beside local-cloud-check artefacts oldest
	@echo "make check: everything passed."

.PHONY: lint
lint: $(VENV)/.dev ## Check style and formatting
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .

.PHONY: format
format: $(VENV)/.dev ## Fix style and formatting where a tool can
	@$(VENV)/bin/ruff check --fix-only -q .
	@$(VENV)/bin/ruff format .

.PHONY: tables
tables: $(VENV)/.dev ## Delete and swap each row of every table, and see that the tests notice (a quarter of an hour or more)
	@$(VENV)/bin/python tools/break-tables

.PHONY: break-templates
break-templates: $(VENV)/.dev ## Delete and change each property of the templates, and see that the tests notice (some minutes)
	@$(VENV)/bin/python tools/break-templates

.PHONY: mutants
mutants: $(MUTANTS_VENV)/.mutants ## Change the code in thousands of ways, and check that the tests notice (an hour or more)
	@$(MUTANTS_VENV)/bin/python tools/run-mutants rules $(or $(MINUTES),180)

.PHONY: adapter-mutants
adapter-mutants: $(MUTANTS_VENV)/.mutants ## The same to adapters and functions (half an hour or more)
	@$(MUTANTS_VENV)/bin/python tools/run-mutants adapters $(or $(MINUTES),180)
	@$(MUTANTS_VENV)/bin/python tools/break-functions

.PHONY: simulator-mutants
simulator-mutants: $(MUTANTS_VENV)/.mutants ## The same to the simulator (hours; MINUTES=8 NAMES='*__mutmut_5' tries a sample)
	@$(MUTANTS_VENV)/bin/python tools/run-mutants simulator $(or $(MINUTES),180) $(if $(NAMES),"$(NAMES)")

.PHONY: diagram
diagram: $(VENV)/.dev ## Draw docs/state-diagram.md from the transition table
	@$(VENV)/bin/python tools/draw-states

.PHONY: troubleshooting
troubleshooting: $(VENV)/.dev ## Write docs/troubleshooting.md from the tables of causes
	@$(VENV)/bin/python tools/write-troubleshooting

MEASURES := calls burst history sweep cpu throughput two_stacks head_to_head sizes cold
.PHONY: bench
bench: build $(CLOUD_VENV)/.cloud $(VENV)/.dev ## Measure what chains, bursts, sweeps and cold starts cost (half an hour or more)
	@for each in $(MEASURES); do echo "--- $$each"; $(VENV)/bin/python -m bench.$$each || exit 1; done

LARGE := large_hub large_history large_night
.PHONY: bench-large
bench-large: $(VENV)/.dev ## Measure nights of 10,000 recovery points, hubs of 50 accounts, ten years of copies (hours)
	@for each in $(LARGE); do echo "--- $$each"; $(VENV)/bin/python -m bench.$$each || exit 1; done

.PHONY: measurements
measurements: $(VENV)/.dev ## Write the pages of measurements, head to head and scale from the results of `make bench`
	@$(VENV)/bin/python -m bench.page

.PHONY: types
types: $(VENV)/.dev ## Check types
	@$(VENV)/bin/mypy

.PHONY: imports
imports: $(VENV)/.dev ## Check the direction of imports between packages
	@$(VENV)/bin/lint-imports --no-cache

.PHONY: templates
templates: $(VENV)/.dev ## Check the CloudFormation templates
	@$(VENV)/bin/cfn-lint template.yaml stacks/*.yaml

.PHONY: policies
policies: $(POLICY_LINTERS_VENV)/.linters ## Check templates and the roles' policies with checkov and parliament
	@$(POLICY_LINTERS_VENV)/bin/checkov --framework cloudformation --compact --quiet --skip-download \
	    $(foreach each,template.yaml $(wildcard stacks/*.yaml),-f $(each))
	@PYTHONPATH=. $(POLICY_LINTERS_VENV)/bin/python -W ignore tools/lint-policies

.PHONY: workflows
workflows: $(WORKFLOWS_VENV)/.workflows ## Check the workflows of CI: pinned, least permissions, nothing injected
	@$(WORKFLOWS_VENV)/bin/zizmor --offline --no-progress --persona pedantic .github/workflows

.PHONY: rights
rights: $(VENV)/.dev ## Show that each permission of each role is needed, and record its use in build/call-record.json
	@rm -f build/call-record.json
	@$(VENV)/bin/python -m pytest -m rights tests/simulation

.PHONY: under-fire
under-fire: $(VENV)/.dev ## Break adapters on purpose, and let a Region fail with a thousand chains; the checks must notice
	@$(VENV)/bin/python -m pytest -n 2 -m under_fire tests/simulation

.PHONY: coverage
coverage: $(VENV)/.dev ## Require full branch coverage of domain and use cases by the unit and property tests
	@$(VENV)/bin/coverage erase
	@$(VENV)/bin/coverage run -m pytest -n 2 --dist worksteal $(wildcard tests/unit tests/property)
	@$(VENV)/bin/coverage combine -q
	@$(VENV)/bin/coverage report --fail-under=100 --include='*/secondhop/domain/*,*/secondhop/application/*'

.PHONY: aws-cli
aws-cli: $(AWS_CLI_VENV)/.aws-cli $(VENV)/.dev ## Take the simulator through a backup and its copies with the AWS CLI alone
	@$(VENV)/bin/python -m pytest -m aws_cli tests/e2e

.PHONY: beside
beside: $(CLOUD_VENV)/.cloud $(AWS_CLI_VENV)/.aws-cli $(VENV)/.dev ## Test the simulator together with ministack's other services, on one port
	@$(VENV)/bin/python -m pytest -m beside tests/e2e

.PHONY: local-cloud-check
local-cloud-check: build $(CLOUD_VENV)/.cloud $(VENV)/.dev ## Deploy to a cloud of its own, run a short journey, and stop it
	@$(VENV)/bin/python -m pytest -m local_cloud tests/e2e

.PHONY: artefacts
artefacts: stackset $(VENV)/.dev ## Check what `make build` and `make stackset` left
	@$(VENV)/bin/python -m pytest -m built tests/template

# The code again on the oldest Python, where it is installed, in an environment of its own. Simulated weeks and templates
# say nothing more there.
OLDEST := tests/unit tests/property tests/contract tests/e2e
.PHONY: oldest
oldest:
	@if ./tools/find-python 3.11 >/dev/null; then \
	    $(MAKE) --no-print-directory test VENV=.venv-3.11 PYTHON=3.11 TESTS="$(OLDEST)"; \
	else echo "Python 3.11 is not installed here: the suite was not run on it."; fi

# ---------------------------------------------------------------- what is deployed

.PHONY: build
build: $(SAM_VENV)/.sam ## Build what `sam deploy` uploads, into .aws-sam/build
	@PATH="$(CURDIR)/$(SAM_VENV)/bin:$$PATH" AWS_DEFAULT_REGION=$${AWS_DEFAULT_REGION:-eu-west-1} \
	    sh -c 'sam validate --lint && sam build --parallel'

# Service-managed StackSets refuse macros: the Transform is carried out here.
.PHONY: stackset
stackset: build ## Build the main stack for StackSets: a template without macros, and its code as zip files
	@AWS_DEFAULT_REGION=$${AWS_DEFAULT_REGION:-eu-west-1} $(SAM_VENV)/bin/python tools/make-stackset

# ---------------------------------------------------------------- environments

$(VENV)/bin/python:
	@python=$$(./tools/find-python $(or $(PYTHON),3.13 3.12 3.11 3.14 python3)) || { \
	    echo "No usable $(if $(PYTHON),PYTHON=$(PYTHON),Python 3.11 or newer) was found: install one with its venv module," \
	        "or say make PYTHON=/path/to/python3." >&2; exit 1; }; \
	echo "Setting up $(VENV) with $$python, once."; \
	"$$python" -m venv --clear $(VENV)

$(VENV)/.demo: $(VENV)/bin/python requirements/demo.txt pyproject.toml $(ROOMS)
	@$(VENV)/bin/$(PIP) install --require-hashes -r requirements/demo.txt || $(no_packages)
	@$(VENV)/bin/$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.demo requirements/dev.txt
	@echo "Installing what the tests need into $(VENV), once."
	@$(VENV)/bin/$(PIP) install --require-hashes -r requirements/dev.txt || $(no_packages)
	@touch $@

$(SAM_VENV)/.sam: requirements/sam.txt
	@python=$$(./tools/find-python 3.13) || { \
	    echo "make build needs Python 3.13, which the Lambda runtime is: install it with its venv module." >&2; exit 1; }; \
	echo "Setting up $(SAM_VENV) with $$python, once."; \
	"$$python" -m venv --clear $(SAM_VENV)
	@$(SAM_VENV)/bin/$(PIP) install --require-hashes -r requirements/sam.txt || $(no_packages)
	@touch $@

$(WORKFLOWS_VENV)/.workflows: requirements/workflows.txt
	@python=$$(./tools/find-python $(or $(PYTHON),3.13 3.12 3.11 3.14 python3)) || { \
	    echo "make workflows needs Python 3.11 or newer with its venv module." >&2; exit 1; }; \
	"$$python" -m venv --clear $(WORKFLOWS_VENV)
	@$(WORKFLOWS_VENV)/bin/$(PIP) install --require-hashes -r requirements/workflows.txt || $(no_packages)
	@touch $@

$(CLOUD_VENV)/.cloud: requirements/local-cloud.txt simulator/pyproject.toml
	@python=$$(./tools/find-python $(or $(PYTHON),3.13)) || { \
	    echo "The local cloud needs Python 3.13, the interpreter of the Lambda runtime, with its venv module." >&2; exit 1; }; \
	echo "Setting up $(CLOUD_VENV) with $$python, once."; \
	"$$python" -m venv --clear $(CLOUD_VENV)
	@$(CLOUD_VENV)/bin/$(PIP) install --require-hashes -r requirements/local-cloud.txt || $(no_packages)
	@$(CLOUD_VENV)/bin/$(PIP) install --no-deps --no-build-isolation -e ./simulator
	@touch $@

$(AWS_CLI_VENV)/.aws-cli: requirements/aws-cli.txt
	@python=$$(./tools/find-python $(or $(PYTHON),3.13 3.12 3.11 3.14 python3)) || { \
	    echo "make aws-cli needs Python 3.11 or newer with its venv module." >&2; exit 1; }; \
	echo "Setting up $(AWS_CLI_VENV) with $$python, once."; \
	"$$python" -m venv --clear $(AWS_CLI_VENV)
	@$(AWS_CLI_VENV)/bin/$(PIP) install --require-hashes -r requirements/aws-cli.txt || $(no_packages)
	@touch $@

$(POLICY_LINTERS_VENV)/.linters: requirements/policy-linters.txt
	@python=$$(./tools/find-python $(or $(PYTHON),3.13 3.12 3.11 3.14 python3)) || { \
	    echo "make policies needs Python 3.11 or newer with its venv module." >&2; exit 1; }; \
	echo "Setting up $(POLICY_LINTERS_VENV) with $$python, once."; \
	"$$python" -m venv --clear $(POLICY_LINTERS_VENV)
	@$(POLICY_LINTERS_VENV)/bin/$(PIP) install --require-hashes -r requirements/policy-linters.txt || $(no_packages)
	@touch $@

$(MUTANTS_VENV)/.mutants: requirements/mutants.txt pyproject.toml
	@python=$$(./tools/find-python $(or $(PYTHON),3.13 3.12 3.11 3.14 python3)) || { \
	    echo "No usable Python 3.11 or newer was found: install one with its venv module." >&2; exit 1; }; \
	echo "Setting up $(MUTANTS_VENV) with $$python, once."; \
	"$$python" -m venv --clear $(MUTANTS_VENV)
	@$(MUTANTS_VENV)/bin/$(PIP) install --require-hashes -r requirements/mutants.txt || $(no_packages)
	@touch $@

no_packages = { echo "The packages of $< could not be installed: the lines above say why; usually the network." >&2; exit 1; }

# ---------------------------------------------------------------- housekeeping

COMPILE := uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --no-annotate --upgrade

.PHONY: lock
lock: ## Update the locked requirement files
	@python=$$(./tools/find-python $(or $(PYTHON),3.13 3.12 3.11 3.14 python3)) && "$$python" -m venv --clear $(LOCK_VENV)
	@$(LOCK_VENV)/bin/$(PIP) install uv
	@PATH="$(CURDIR)/$(LOCK_VENV)/bin:$$PATH"; cd requirements && \
	    $(COMPILE) --python-version 3.11 demo.in -o demo.txt && \
	    $(COMPILE) --python-version 3.11 dev.in -o dev.txt && \
	    $(COMPILE) --python-version 3.11 mutants.in -o mutants.txt && \
	    $(COMPILE) --python-version 3.13 sam.in -o sam.txt && \
	    $(COMPILE) --python-version 3.11 aws-cli.in -o aws-cli.txt && \
	    $(COMPILE) --python-version 3.11 workflows.in -o workflows.txt && \
	    $(COMPILE) --python-version 3.11 local-cloud.in -o local-cloud.txt && \
	    $(COMPILE) --python-version 3.11 policy-linters.in -o policy-linters.txt && \
	    cd ../layers/dependencies && $(COMPILE) --python-version 3.13 requirements.in -o requirements.txt

.PHONY: clean
clean: ## Remove environments, builds and caches
	@rm -rf .venv .venv-3.11 $(SAM_VENV) $(AWS_CLI_VENV) $(CLOUD_VENV) $(WORKFLOWS_VENV) $(POLICY_LINTERS_VENV) $(LOCK_VENV) .aws-sam .local-cloud .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache build *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
