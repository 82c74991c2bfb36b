# make tutor   talk with the tutor in this terminal        make test   run every test
# make setup   install what both need (they call it)       make lint   ruff and mypy
# make tutor ARGS='--text "Why do plants need sunlight?"'  passes arguments on; ARGS=--help shows them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
APT := espeak-ng libespeak-ng1 libportaudio2 libgirepository1.0-dev libcairo2-dev pkg-config \
       ignition-tools libsdformat-dev liburdfdom-tools libosmesa6 \
       gcc python3-dev python3-venv gir1.2-gstreamer-1.0 gir1.2-gst-plugins-base-1.0 gstreamer1.0-plugins-base
# Without a GPU the CPU build of torch is 200 MB instead of several GB. Where that index cannot be reached, PyPI serves.
TORCH := torch==2.13.0
TORCH_CPU := --index-url https://download.pytorch.org/whl/cpu --retries 0 --timeout 15

.PHONY: tutor test lint setup clean
tutor: $(VENV)/.ready
	@$(BIN)/phied tutor $(ARGS)

test: $(VENV)/.ready lint
	$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

setup: $(VENV)/.ready

$(VENV)/.ready: setup.py Makefile
	@dpkg -s $(APT) >/dev/null 2>&1 || { $(SUDO) apt-get update -q && $(SUDO) apt-get install -qy --no-install-recommends $(APT); }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --upgrade pip
	$(BIN)/python -c 'import torch' 2>/dev/null || command -v nvidia-smi >/dev/null \
	  || $(BIN)/python -m pip install -q $(TORCH_CPU) $(TORCH) 2>/dev/null \
	  || $(BIN)/python -m pip install -q $(TORCH)
	$(BIN)/python -m pip install -q -e '.[tutor,test]'
	@touch $@

clean:
	rm -rf $(VENV) build install log *.egg-info
