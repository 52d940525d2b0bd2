"""The files that earlier stages wrote, read; a missing one is an error that says how to make it."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from dicom_router.errors import DataError
from dicom_router.evaluation.predictions import Predictions
from dicom_router.model.decision import Rule


def read_temperature(calibration: Path) -> float:
    """Read the temperature that logits are divided by.

    Raises:
        DataError: it is missing or no positive number.
    """
    path = calibration / "calibration.json"
    try:
        temperature = float(read_json(path)["temperature"])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path} is damaged ({error}); restore it with `dvc checkout`") from None
    if not temperature > 0:
        raise DataError(f"{path}: temperature is {temperature:g}; it must be positive")
    return temperature


def read_rule(calibration: Path) -> Rule:
    """Read when films are routed.

    Raises:
        DataError: it is missing or damaged.
    """
    path = calibration / "calibration.json"
    try:
        return Rule.from_specification(read_json(path))
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path} is damaged ({error}); restore it with `dvc checkout`") from None


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON document of the pipeline.

    Raises:
        DataError: it is missing or no JSON.
    """
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path} is missing; run `dvc repro` in the project folder, which makes it") from None
    except ValueError as error:
        raise DataError(f"{path} is damaged ({error}); restore it with `dvc checkout`") from None
    return document


def read_predictions(path: Path) -> Predictions:
    """Read the predictions of another stage.

    Raises:
        DataError: they are missing.
    """
    try:
        return Predictions.from_table(pd.read_parquet(path))
    except FileNotFoundError:
        raise DataError(f"{path} is missing; make it with `dvc repro`") from None
