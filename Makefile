# Make targets touch the repository; what touches a deployment is forwarded to invoke.
# Variables: TARGET=local|aws, ENVIRONMENT=dev, DEPLOYMENT=code|container, TERRAFORM=terraform|tofu, PYTHON=python3, YES=1 (do not ask on AWS)

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INVOKE := $(BIN)/invoke
# checkov's pins conflict with ours, hence an environment of its own.
POLICY := .venv-policy/bin/checkov
export TARGET ENVIRONMENT TERRAFORM DEPLOYMENT LOCAL_BUILD
# From the command line alone: a YES left in a shell's environment must not spend money.
ifeq ($(origin YES),command line)
YES_FLAG := $(if $(filter 1 yes true,$(YES)),--yes,)
endif
SOURCES := agent agentcore_local bench cli orchestration scripts tests tasks.py

.DEFAULT_GOAL := help
.PHONY: aws-rehearsal help setup doctor up plan smoke ask down test unit unit-orchestration unit-others property contract terraform-test policy mutate e2e browser lint fmt lock bench fuzz load clean faults test-faults test-faults-signals test-faults-others

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z][a-z0-9-]*:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  Tasks of a deployment: $(INVOKE) --list"

setup: ## Make the virtual environment (every other target does it at first use)
	@command -v $(PYTHON) >/dev/null 2>&1 || { printf 'error [unfit]: %s is not on PATH\nremedy: install Python 3.11 or newer\n' '$(PYTHON)' >&2; exit 5; }
	@$(PYTHON) scripts/bootstrap.py

doctor: setup ## Look for what would stop the other targets, with a remedy for each
	@$(INVOKE) doctor

up: setup ## Provision everything, launch the agent, prove that the door is locked
	@$(INVOKE) up $(YES_FLAG)

plan: setup ## Show what Terraform would change, and what that means for who may call
	@$(INVOKE) plan --review $(YES_FLAG)

smoke: setup ## Call the runtime as allowed and refused callers
	@$(INVOKE) smoke-test

ask: setup ## Ask the agent: make ask Q="what can you do?"
	@$(INVOKE) ask "$${Q}"

down: setup ## Remove everything that up made, then look for remains; DRY_RUN=1 only shows what that would do
	@$(INVOKE) down $(if $(filter 1 yes true,$(DRY_RUN)),--dry-run,) $(YES_FLAG)

# The longest first, so that no lane is left alone at the end.
test: setup $(POLICY) ## All checks and tests but the slow ones (mutate, test-faults, aws-rehearsal, browser), two at a time
	@$(MAKE) --no-print-directory --keep-going --jobs=2 --output-sync=target e2e contract faults terraform-test lint unit-orchestration unit-others property

lint: setup $(POLICY) ## ruff, mypy, terraform fmt and validate, generated documents, CI's own files
	@$(BIN)/python scripts/lint.py

# Two halves of the same length: two workers of one run would each collect all of it. The review's tests make them even.
REVIEW_TESTS := $(wildcard tests/unit/orchestration/test_review*.py)
unit: setup ## Unit tests
	@$(MAKE) --no-print-directory --keep-going --jobs=2 --output-sync=target unit-orchestration unit-others

unit-orchestration: setup
	@$(BIN)/pytest -q $(filter-out $(REVIEW_TESTS),$(wildcard tests/unit/orchestration/test_*.py))

unit-others: setup
	@$(BIN)/pytest -q $(filter-out tests/unit/orchestration/ tests/unit/__pycache__/,$(wildcard tests/unit/*/)) $(REVIEW_TESTS) tests/test_layering.py

property: setup ## Property tests and the fuzzer's corpus
	@$(BIN)/pytest -q tests/property tests/fuzz

terraform-test: setup $(POLICY) ## Module tests with a mocked provider, plan reviews, the policy pack
	@$(BIN)/pytest -q tests/terraform

policy: setup $(POLICY) ## The policy pack beside the review, and checkov's own rules over our plans
	@$(BIN)/pytest -q tests/terraform/test_policy_pack.py

mutate: setup ## Dangerous edits of terraform/, each of which must turn a test or the review red
	@$(BIN)/python -m scripts.mutate_terraform

contract: setup ## Both planes against the AWS service models, with the real emulator
	@$(BIN)/pytest -q -m "not browser" tests/contract

e2e: setup ## README's commands in a temporary clone
	@$(BIN)/pytest -q tests/e2e

faults: setup ## Kill, interrupt and starve make up for real, once at each of its stages
	@$(BIN)/pytest -q -m "not slow" tests/faults

test-faults: setup ## The slow rest: every stage with every signal, random kills: make test-faults RANDOM_KILLS=10 RANDOM_SEED=1
	@$(MAKE) --no-print-directory --keep-going --jobs=2 --output-sync=target test-faults-signals test-faults-others

# Beside each other in test-faults and in CI.
test-faults-signals: setup
	@$(BIN)/pytest -q -m slow -k each_of_its_stages tests/faults

test-faults-others: setup
	@RANDOM_KILLS="$(RANDOM_KILLS)" RANDOM_SEED="$(RANDOM_SEED)" $(BIN)/pytest -q -m slow -k "not each_of_its_stages" tests/faults

aws-rehearsal: setup ## Everything with TARGET=aws against AWS played on this machine, as a deployer with the deployer's policies alone
	@$(BIN)/pytest -q tests/aws

browser: setup ## The report and the sign-in pages in headless Chromium, which must be installed (not part of make test)
	@$(BIN)/pytest -q -m browser tests/browser tests/contract/test_callers.py tests/contract/test_second_provider.py

$(POLICY): requirements-policy.lock | setup
	@echo "making .venv-policy from requirements-policy.lock (once) ..." >&2
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-policy
	@$(BIN)/uv pip sync --quiet --python .venv-policy/bin/python --require-hashes requirements-policy.lock
	@touch $(POLICY)

fmt: setup ## Format Python and Terraform
	@$(BIN)/ruff format $(SOURCES)
	@$(BIN)/ruff check --fix --quiet $(SOURCES)
	@$${TERRAFORM:-terraform} fmt -recursive terraform

lock: setup ## Resolve the requirements into their lock files again
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-find-links \
	  --custom-compile-command 'make lock' requirements.txt -o requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-find-links \
	  --custom-compile-command 'make lock' requirements-policy.txt -o requirements-policy.lock

bench: setup ## Time environment, pipeline, door, verdicts and agents on this machine; writes bench/results.md
	@$(BIN)/python -m bench

fuzz: setup ## Look for inputs that break the authorizer or the request line: make fuzz FUZZ_SECONDS=300
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-fuzz.txt
	@$(BIN)/python scripts/fuzz.py --seconds $(or $(FUZZ_SECONDS),60)

load: setup ## A minute of 64 callers with bad tokens among them, judged one by one
	@$(BIN)/python -m scripts.load

clean: ## Remove the virtual environment and caches (not deployments: make down)
	@rm -rf $(VENV) .venv-policy terraform/.package .mypy_cache .pytest_cache .ruff_cache .hypothesis
