.DEFAULT_GOAL := help
.PHONY: help reproduce-demo reproduce-study-demo reproduce-celeba reproduce-lsun images images-cuda gpu doctor check test campaign bench clean

PYTHON ?= python3
RUN := .venv/bin/python orchestrate.py

help: ## what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 24

reproduce-demo: .venv/ready ## from photographs to a report, 32x32, on a CPU, in minutes
	$(RUN) run manifests/demo.yaml

reproduce-study-demo: .venv/ready ## the whole study at the demo's scale, in less than half an hour
	$(RUN) run manifests/study-demo.yaml

reproduce-celeba: .venv/ready ## the published study on CelebA (GPUs, days)
	$(RUN) run manifests/celeba.yaml

reproduce-lsun: .venv/ready ## the published study on LSUN bedrooms (GPUs, days)
	$(RUN) run manifests/lsun.yaml

images: .venv/ready ## build every container image for the CPU
	$(RUN) images

images-cuda: .venv/ready ## build those for GPUs, gigabytes, and look into each; no GPU is needed
	.venv/bin/python -m tests.gpu.build

gpu: .venv/ready-dev ## what works on this machine's GPU, and how fast
	.venv/bin/python -m tests.gpu.suite

doctor: .venv/ready ## is this machine ready? what would mend it
	$(RUN) doctor

check: .venv/ready-dev ## style, types and import rules
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports

test: check ## the tests, in the real containers where there is a Docker Engine
	.venv/bin/python -m pytest

campaign: .venv/ready-dev ## what takes too long for every test run: more images through the conformance tests, all experiments under kills, a hundred random deaths
	.venv/bin/python -m pytest -m campaign tests/conformance tests/study tests/chaos tests/slurm

bench: .venv/ready-dev ## measure; results go to benchmarks/results
	@set -e; for script in benchmarks/*.py; do echo "== $$script"; .venv/bin/python $$script; done

clean: ## remove the host's environments; finished studies stay
	rm -rf .venv .environments

.venv/ready: requirements.txt
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --require-hashes -r requirements.txt
	@touch $@

.venv/ready-dev: .venv/ready requirements-dev.txt
	.venv/bin/python -m pip install --quiet --require-hashes -r requirements-dev.txt
	@touch $@
