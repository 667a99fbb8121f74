# Everything starts here: `make demo` shows syncd at work, `make test` proves it. Both install what they lack.

bin := .venv/bin
.DEFAULT_GOAL := help

.PHONY: setup demo test check bench companion deb dist clean help

setup: ## leave a working .venv/bin/syncd; what is there already is not installed again
	@sh packaging/setup.sh

demo: setup ## drop files by sftp in the wrong order, show the log as it happens, then the reports (below var/)
	@$(bin)/python -m demo.demo

test: setup ## run the whole test suite
	$(bin)/python -m pytest

check: setup ## lint, format, types, and who may import whom
	$(bin)/ruff check
	$(bin)/ruff format --check
	$(bin)/mypy
	$(bin)/lint-imports

bench: setup ## measure speed and memory, each beside its yardstick
	@for each in benchmarks/[a-z]*.py; do $(bin)/python -m benchmarks.$$(basename $$each .py) || exit 1; done

companion: ## build/local_syncd-VERSION.zip, the plugin for Moodle that docs/COMPANION.md is about
	@python3 packaging/companion.py

REVISION = 1
deb: setup ## build/syncd_VERSION_ARCH.deb, for the Debian that this is, with what the tests ran with
	@$(bin)/python packaging/deb.py --revision $(REVISION)

dist: setup ## dist/: a source archive, and a wheel made from it
	@$(bin)/python -m build --no-isolation --outdir dist

clean: ## remove what make made; var/ holds your data and stays
	rm -rf .venv build dist *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -not -path './var/*' -prune -exec rm -rf {} +

help: ## say this
	@sed -n 's/^\([a-z]*\):.* ## /\1|/p' Makefile | while IFS='|' read -r name what; do printf '%-10s %s\n' "$$name" "$$what"; done
