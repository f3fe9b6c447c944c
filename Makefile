# Needs git, make and Python 3.11 or newer; everything else is installed from uv.lock into .venv.

# The first suitable Python on this machine; `make run PYTHON=/path/to/python3` chooses another.
ifndef PYTHON
PYTHON := $(shell for python in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
endif
FOUND := $(shell python3 --version 2>/dev/null || echo none)
VENV := .venv/bin
# Without .pyc files every process would compile the project again, and a test run starts hundreds.
unexport PYTHONDONTWRITEBYTECODE
PYTEST := $(VENV)/python -m pytest

# All test files that use hypothesis; `make fuzz FUZZED=tests/...` runs only that one.
FUZZED = $(shell grep -lE "^from hypothesis" -r tests --include='test_*.py')

# Settings as on a server; nothing connects, so the addresses need not exist.
SERVER_ENVIRONMENT = DEBUG=0 SECRET_KEY="$$($(VENV)/python -c 'import secrets; print(secrets.token_urlsafe(50))')" \
	FIELD_ENCRYPTION_KEYS="$$($(VENV)/python -c 'from cryptography.fernet import Fernet as F; print(F.generate_key().decode())')" \
	DATABASE_URL="postgresql://check@127.0.0.1:1/check?pool=0" REDIS_URL=redis://127.0.0.1:1/0 OPENAI_API_KEY=check \
	ALLOWED_HOSTS=legal.example.org CSRF_TRUSTED_ORIGINS=https://legal.example.org

.DEFAULT_GOAL := help
.PHONY: help run test fuzz bench bench-growth eval chaos check python packages packages-dev check-style check-types check-imports \
	check-templates check-migrations check-deploy

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /  make \1	/'

run: packages ## everything in this terminal: databases, web, workers; Ctrl-C stops it
	@exec $(VENV)/python -m config.run

test: packages-dev ## the whole test suite, with real servers and a real browser
	@$(VENV)/python -m tests.browser
	@$(VENV)/python -m tests.suite

bench: packages-dev ## the product beside a peer and a floor (about 20 min); OPTIONS="--matters 1,20 --only streaming"
	@$(VENV)/python -m benchmarks $(OPTIONS)

bench-growth: packages-dev ## how the product's figures grow with streams and viewers
	@$(VENV)/python -m benchmarks --growth $(OPTIONS)

eval: packages-dev ## how well the model does each step, by labelled cases; OPENAI_API_KEY=… LLM_MODEL=… make eval
	@$(VENV)/python -m benchmarks.evaluation $(OPTIONS)

chaos: packages-dev ## every fault under load, then ten minutes of them at random; OPTIONS="--minutes 1 --seed 7"
	@$(VENV)/python -m tests.faults.chaos $(OPTIONS)

fuzz: packages-dev ## the tests that generate their input and histories, with far more of them: an hour or more
	@$(PYTEST) --hypothesis-profile=fuzz $(FUZZED)

check: packages-dev ## linters, types, imports, templates, migrations, deploy settings
	@$(MAKE) --no-print-directory --jobs=2 --output-sync \
		check-types check-style check-imports check-templates check-migrations check-deploy

check-style: packages-dev
	@$(VENV)/ruff check . && $(VENV)/ruff format --check .

check-types: packages-dev
	@$(SERVER_ENVIRONMENT) $(VENV)/mypy

check-imports: packages-dev
	@$(VENV)/lint-imports --no-logo

check-templates: packages-dev
	@$(VENV)/djlint --check templates

check-migrations: packages-dev
	@$(SERVER_ENVIRONMENT) $(VENV)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run

check-deploy: packages-dev
	@$(SERVER_ENVIRONMENT) $(VENV)/python manage.py check --deploy --fail-level WARNING

packages: python
	@$(PYTHON) -I config/install.py

packages-dev: python
	@$(PYTHON) -I config/install.py dev

python:
	@[ -n "$(PYTHON)" ] || { \
		echo "Python 3.11 or newer is needed (found: $(FOUND)). Install it, or name one: make run PYTHON=/path/to/python3"; exit 1; }
