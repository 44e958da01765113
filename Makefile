# Two commands do everything: `make demo` and `make test`.
PYTHON ?= python3
# Processes the tests run in; each holds the contest's data, about 1 GB.
WORKERS ?= 2
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo test check wheel clean

demo: .venv/base
	$(BIN)/credit-udfs demo --folder out

test: .venv/test check
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

check: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

.venv/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 demo")'
	$(PYTHON) -m venv .venv
	touch $@

.venv/base: .venv/python pyproject.toml constraints.txt
	$(PIP) --editable .
	touch $@

.venv/test: .venv/python pyproject.toml constraints.txt
	$(PIP) --editable '.[test]'
	touch $@ .venv/base

wheel: .venv/test
	$(BIN)/python -m addin.excel.build -o credit_udfs/hosts/credit_udfs.xlam
	$(BIN)/python -m addin.libreoffice.build -o credit_udfs/hosts/credit_udfs.oxt
	$(BIN)/python -m pip wheel --no-deps --wheel-dir dist .

clean:
	rm -rf .venv out build dist
