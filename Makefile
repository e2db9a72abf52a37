# Every target sets up what it needs; the first run takes minutes, later ones a moment.
# Options go through ARGS: make demo ARGS=--no-fault, make test ARGS="unit adapters".
.PHONY: help setup demo test lint clean
ARGS ?=
# Every command is a process of its own: without compiled modules each spends seconds on compiling them again.
unexport PYTHONDONTWRITEBYTECODE

help:
	@echo "make demo   run the shop, break it, watch it being healed"
	@echo "make test   every check and test, on real servers"
	@echo "make lint   style, types and import rules"
	@echo "make setup  only make .venv"
	@echo "make clean  remove .venv and what tools left here (built servers stay in the cache)"

setup:
	@./bootstrap

demo: setup
	@.venv/bin/nightshift demo $(ARGS)

test: setup
	@.venv/bin/python -m tests.run $(ARGS)

lint: setup
	@.venv/bin/python -m tests.run style format types imports

clean:
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis .import_linter_cache build dist test-results
