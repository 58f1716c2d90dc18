# Needs nothing but make and Python 3.11, 3.12 or 3.13. Only what is missing is installed, into .venv.
#
#   make demo                        install what running needs, then go the whole way on bundled data
#   make test                        install what developing needs, then lint, types, layers and all tests
#   make demo PYTHON=python3.12      with another Python
#   make demo TORCH_INDEX=ADDRESS    with torch from that package index, such as PyTorch's own for CPUs
#   make pins                        rewrite constraints.txt from the versions in .venv

PYTHON ?= python3
TORCH_INDEX ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

# One process for each processor, with a thread each; the demonstration, which takes all processors, is tested alone.
PARALLEL := --numprocesses logical --maxprocesses 8 --dist loadfile

.PHONY: help demo test dev pins
.DELETE_ON_ERROR:

help:
	@sed -n '3,7s/^# *//p' Makefile

demo: $(VENV)/.all
	$(BIN)/ftadvisor demo

test: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest $(PARALLEL) --ignore tests/test_demo.py tests
	$(BIN)/python -m pytest tests/test_demo.py

dev: $(VENV)/.dev .typing/ftadvisor

# A stamp newer than pyproject.toml and constraints.txt says that the environment is up to date.
# The sizes are those of Linux on x86 with torch's CPU build.
$(VENV)/.all: $(VENV)/.created pyproject.toml constraints.txt
	$(call install,all,82 packages: 400 MB to download and 1.8 GB on disk)
	@touch $@

$(VENV)/.dev: $(VENV)/.created pyproject.toml constraints.txt
	$(call install,dev,102 packages: 520 MB to download and 2.0 GB on disk)
	@touch $(VENV)/.all $@

define install
	@echo "Installing ftadvisor[$(1)] into $(VENV), $(2)"
	@echo "with the CPU build of torch. Where pip finds torch with NVIDIA's libraries, as it does on Linux, several GB more;"
	@echo "the option TORCH_INDEX=ADDRESS avoids that: the CPU address that pytorch.org shows under 'Get Started'."
	$(if $(TORCH_INDEX),$(PIP) install --no-deps --index-url '$(TORCH_INDEX)' --constraint constraints.txt torch)
	$(PIP) install --constraint constraints.txt --editable '.[$(1)]'
endef

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info < (3, 14) else \
		"ftadvisor needs Python 3.11, 3.12 or 3.13, and this is " + sys.version.split()[0] + ": make ... PYTHON=python3.12")'
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

# mypy does not follow the editable installation's import hook; it reads the folders through these links.
.typing/ftadvisor:
	mkdir -p $@
	for folder in advisor executors rag knowledge; do ln -sfn ../../$$folder $@/$$folder; done

pins: dev
	@sed -n '/^#/p' constraints.txt > $(VENV)/pins
	$(PIP) freeze --all --exclude pip --exclude-editable | sed 's/+cpu$$//' >> $(VENV)/pins
	mv $(VENV)/pins constraints.txt
