# `make demo` and `make test` work on a machine that has Python 3.10 or newer and make; the rest is for daily work.

VENV := .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
PY := $(BIN)/python
MEMBERS := core $(sort $(patsubst %/pyproject.toml,%,$(wildcard adapters/*/pyproject.toml)))
JOBS ?= 2
MXNET := .cache/mxnet-env.ready
PYTEST := $(PY) -m pytest -n $(JOBS)
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all lint format bench docs tables protos size wheels clean

help:
	@echo "make demo      convert a real model, run it, and compare with ONNX Runtime"
	@echo "make test      set up and run the tests               (ARGS='-k name' passes options to pytest)"
	@echo "make test-all  the slow ones and the measurements too"
	@echo "make lint      ruff and mypy                          make format   lay the code out"
	@echo "make bench     time and memory against ovc            make size     lines of code per package"
	@echo "make docs      build the documentation into site/     make wheels   wheels and sdists into dist/"
	@echo "make tables    write the generated pages of the documentation anew"
	@echo "make protos    compile the schemas of file formats anew"
	@echo "make setup     the environment alone, in $(VENV)        make clean    remove all that was made"
	@echo "PYTHON=/path/to/python3 chooses the Python, JOBS=4 the number of test processes."

setup: $(VENV)/.ready

$(VENV)/.ready: requirements-test.txt $(MEMBERS:%=%/pyproject.toml)
	@python="$(PYTHON)"; [ -n "$$python" ] || python="$$(sh tools/find_python.sh)" || exit 1; \
	[ -x $(PY) ] || "$$python" -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-test.txt $(MEMBERS:%=-e ./%)
	$(PY) -m compileall -q $(MEMBERS:%=%/src)
	@touch $@

$(VENV)/.ready-docs: $(VENV)/.ready requirements-docs.txt
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-docs.txt
	@touch $@

demo: setup
	$(PY) examples/demo.py

# MXNet cannot be imported beside a current numpy: what the tests compare with is computed in an environment of its own.
$(MXNET): $(VENV)/.ready tools/mxnet_env.py
	$(PY) tools/mxnet_env.py
	@mkdir -p $(@D)
	@touch $@

test: setup $(MXNET)
	$(PYTEST) -m "not slow and not perf" $(ARGS)

test-all: setup $(MXNET)
	$(PY) tools/mxnet_env.py --gluoncv
	$(PYTEST) -m "not perf" $(ARGS)
	$(PY) -m pytest -m perf $(ARGS)

lint: setup
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

format: setup
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

bench: setup
	$(PY) -m tests.perf.bench $(ARGS)

docs: $(VENV)/.ready-docs
	$(PY) -m mkdocs build --strict

tables: setup
	$(PY) tools/tables.py
	$(PY) tools/pictures.py

# protobuf 4.24 writes what every protobuf from 4.21 on can read
protos: setup
	$(PY) -m venv .cache/protos
	.cache/protos/bin/python -m pip install --quiet grpcio-tools==1.59.3 "setuptools<80"
	cd adapters/tensorflow/src && $(CURDIR)/.cache/protos/bin/python -m grpc_tools.protoc -I. --python_out=. \
		mo_tensorflow/proto/tensorflow.proto

size: setup
	@$(PY) tools/size.py $(ARGS)

wheels: setup
	@for member in $(MEMBERS); do $(PY) -m build --no-isolation --outdir dist $$member || exit 1; done

clean:
	rm -rf $(VENV) .cache dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage .coverage.*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
