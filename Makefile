# `make demo` and `make test` are all that a newcomer needs; both set everything up.
.PHONY: help setup demo up down status test test-long check fuzz bench lock clean
SHELL := /bin/sh

export PATH := $(CURDIR)/.venv/bin:$(PATH)
# Nothing phones home: Prefect, MLflow, DVC, Great Expectations, ONNX Runtime, and whoever honours DO_NOT_TRACK.
export DO_NOT_TRACK := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false
export MLFLOW_DISABLE_TELEMETRY := true
export DVC_NO_ANALYTICS := 1
export GX_ANALYTICS_ENABLED := false
export ORT_DISABLE_TELEMETRY := 1
export HF_HUB_OFFLINE := 1
# Each run starts hundreds of processes: where this is set, each compiles every module anew, for seconds.
unexport PYTHONDONTWRITEBYTECODE

help:                     ## list what can be made
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*## /: /' | awk -F': ' '{ printf "make %-10s %s\n", $$1, $$2 }'

setup: .venv/installed    ## make .venv with the versions of requirements.lock

.venv/installed: requirements.lock pyproject.toml scripts/setup
	@scripts/setup

demo: setup               ## run the whole pipeline on synthetic films, in .demo/
	@scripts/demo

up: setup                 ## start MLflow, Prefect and its workers; apply the deployments of prefect.yaml
	@python -m dicom_router.services up

down: setup               ## stop all of it, runs included
	@python -m dicom_router.services down

status: setup             ## say what runs, where and how well
	@python -m dicom_router.services status

test: setup               ## run every test but the long ones
	@python -m pytest --numprocesses=auto --maxprocesses=4 -m "not long"

test-long: setup          ## run the long tests: PostgreSQL and S3, the death of everything
	@python -m pytest -m long

check: setup              ## format, lint, types, import contracts
	@ruff format --check .
	@ruff check .
	@mypy
	@lint-imports

fuzz: setup              ## read 10,000 damaged films: no crash, no hang, no more than 1 GiB
	@PYTHONPATH=tests python -m fuzz

bench: setup              ## measure; docs/benchmarks.md explains the figures
	@python -m benchmarks

lock: setup               ## resolve pyproject.toml into requirements.lock
	@uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-header --all-extras \
		pyproject.toml --output-file requirements.lock

clean:                    ## remove .venv and .demo
	rm -rf .venv .demo
