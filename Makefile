# The few commands of this project, the same for people and for CI.
#   make demo    the main job on real images, in a few minutes; the result in demo/out/index.html
#   make test    all tests
#   make check   style, types, import arrows, examples in the docs
#   make bench   speed, as ratios to a memory copy and to other people's code
#   make soak    the long counts

PYTHON ?= python3
VENV   ?= .venv
RUN    := $(VENV)/bin/python
READY  := $(VENV)/.ready

.PHONY: demo test check bench soak clean

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,peers]'
	@touch $@

demo: $(READY)
	$(RUN) scripts/demo.py

test: $(READY)
	$(RUN) -m pytest -n 2 -m "not soak"

check: $(READY)
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(RUN) -m pytest -q tests/test_house.py tests/test_docs.py
	$(RUN) -m scripts.tables --check
	$(RUN) -m scripts.tables.attacks --check

bench: $(READY)
	@for file in benchmarks/[a-z]*.py; do echo "== $$file"; $(RUN) $$file || exit 1; done

soak: $(READY)
	$(RUN) -m pytest -m soak

clean:
	rm -rf $(VENV) demo .pytest_cache .mypy_cache .ruff_cache
