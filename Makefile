.PHONY: help run venv lock
help:
	@echo "make run"
venv:
	@.ci/venv dev
lock: venv
	.venv/bin/uv pip compile
