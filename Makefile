# make demo   four stems, their score and their mix, from a bare machine with Python 3.11
# make test   lint and tests, from a bare machine with Python 3.11
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test clean
.DELETE_ON_ERROR:

$(READY): requirements.txt requirements-no-deps.txt requirements-dev.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-no-deps.txt
	touch $(READY)

demo: $(READY)
	$(BIN)/python generate.py --text "a slow, sad ballad" --key "A minor" --seed 9 --output_dir outputs/demo
	$(BIN)/python generate.py --text "a slow, sad ballad" --key "A minor" --seed 9 --voice soundfont \
		--output_dir outputs/demo_soundfont

test: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest

clean:
	rm -rf $(VENV) outputs .pytest_cache .ruff_cache
