# The few commands of this project, the same for people and for CI.
#   make demo    the main job on real images, in about ten minutes on two cores; the result in demo/out/index.html
#   make test    all tests
#   make check   style, types, import arrows, fresh tables and pages
#   make docs    the documentation site in build/site; warnings are errors
#   make dist    sdist and wheel in dist/; the wheel installed and used outside the checkout
#   make bench   speed, as ratios to a memory copy and to other people's code
#   make soak    the long counts
#   make page    the page that encrypts in the browser, with what make demo left and a small model of two minutes
#   make web     that page built anew from web/ into src/imveil/cloud/serve/page; needs Node

PYTHON ?= python3
VENV   ?= .venv
RUN    := $(VENV)/bin/python
READY  := $(VENV)/.ready

.PHONY: demo test check docs dist bench soak page web clean

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,peers]'
	@touch $@

demo: $(READY)
	$(RUN) scripts/demo.py

test: export OMP_NUM_THREADS ?= 1  # two processes of one thread each, and not of all cores each
test: $(READY)
	$(RUN) -m pytest -n 2 --dist worksteal -m "not soak"

check: $(READY)
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(RUN) -m pytest -q tests/test_house.py
	$(RUN) -m scripts.tables --check
	$(RUN) -m scripts.tables.attacks --check
	$(RUN) -m scripts.sbom --check

docs: $(READY)
	$(RUN) -m scripts.site

dist: $(READY)
	$(RUN) -m scripts.dist

bench: $(READY)
	@for file in benchmarks/[a-z]*.py; do echo "== $$file"; $(RUN) $$file || exit 1; done

soak: $(READY)
	$(RUN) -m pytest -m soak

page: $(READY)
	$(RUN) scripts/page.py

web:
	npm ci --prefix web --no-audit --no-fund
	node web/build.mjs --page "$(CURDIR)/src/imveil/cloud/serve/page"

clean:
	rm -rf $(VENV) demo build dist .pytest_cache .mypy_cache .ruff_cache
