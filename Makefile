# Two commands matter on a fresh machine: `make demo` and `make test`. Each installs what it needs.
# PYTHON chooses the interpreter (3.11 or newer).
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
WITH := $(BIN)/python -m
MARK := not soak
# An install makes Python of these.
PROTOS := tools/protos.py $(shell find proto -name '*.proto')
# Tests and demos start many processes: without compiled files each would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install demo test lint types contracts bench soak docs wheel image clean browser watches kube

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 12

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer with venv is needed; on Debian: apt-get install python3 python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(WITH) pip install --quiet --upgrade 'pip>=25.1'

$(VENV)/.product: pyproject.toml $(PROTOS) constraints.txt | $(BIN)/python
	$(WITH) pip install --quiet --constraint constraints.txt --editable '.[all]'
	@touch $@

$(VENV)/.developer: pyproject.toml $(PROTOS) constraints.txt | $(BIN)/python
	$(WITH) pip install --quiet --constraint constraints.txt --editable '.[all]' --group dev
	@touch $@ $(VENV)/.product

install: $(VENV)/.developer ## a virtual environment with everything for development

demo: $(VENV)/.product ## the main job: a mesh on this machine, and what it costs
	$(BIN)/mesheryctl demo

browser:
	@tools/browser

watches:
	@tools/watches

kube: install ## a Kubernetes control plane for the tests; built once, in about ten minutes
	@$(WITH) meshery.kube.local.binaries

test: install browser watches kube ## all tests but the long ones
	tools/tests $(BIN)/python -m '$(MARK)' $(PYTEST_FLAGS)

lint: install ## style and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: install ## mypy, strict
	$(BIN)/mypy

bench: install ## every speed claim beside its peers; one Markdown table
	$(BIN)/python benchmarks/report.py

soak: install browser watches kube ## the long fault, fuzz and endurance loops
	$(WITH) pytest -m soak $(PYTEST_FLAGS)

docs: install ## the documentation, in docs/_build/html
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

wheel: install ## the wheel, in dist/
	$(WITH) pip wheel --quiet --no-deps --wheel-dir dist .
	@ls dist

image: | $(BIN)/python ## the image of operator and watcher, by podman, buildah or docker
	@tools/image $(BIN)/python

clean: ## everything that can be made again
	rm -rf $(VENV) dist build docs/_build artifacts .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
