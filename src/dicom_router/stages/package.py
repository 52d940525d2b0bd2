"""Stage ``package``: the model's folder with its card, and the report."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from dicom_router.dataset.table import read_origin
from dicom_router.evaluation.reading import read_json
from dicom_router.model.cache import PixelCache, cache_digest
from dicom_router.model.inference import Classifier
from dicom_router.model.network import Network
from dicom_router.model.packaging.agreement import Agreement, measure_agreement, refuse_disagreement
from dicom_router.model.packaging.remembering import remember
from dicom_router.model.packaging.writing import Ingredients, write_model
from dicom_router.model.training.export import load_network
from dicom_router.params import load_params
from dicom_router.report.page import write_report
from dicom_router.stages.running import run

ARTIFACTS = Path("artifacts")
REPORTS = Path("reports")


def main() -> None:
    """Check the exported network against the trained one; write ``artifacts/model`` and ``reports/index.html``."""
    params = load_params()
    cache = PixelCache.open(ARTIFACTS / "pixels")
    calibration = read_json(ARTIFACTS / "calibration" / "calibration.json")
    network = Network.load(ARTIFACTS / "network")
    agreement = _agreement(network, cache, calibration["temperature"])
    refuse_disagreement(agreement, params.package.tolerance)
    ingredients = Ingredients(
        network=network.specification,
        calibration=calibration,
        dataset={
            "description": read_origin(Path("data")).description,
            "digest": cache_digest(ARTIFACTS / "pixels"),
            "images": cache.counts(),
            "labelling": params.labelling.model_dump(),
        },
        agreement=agreement,
        test=read_json(REPORTS / "test.json"),
        external=read_json(REPORTS / "external.json"),
        robustness=read_json(REPORTS / "robustness.json"),
        test_films=remember(network, cache, pd.read_parquet(REPORTS / "test_predictions.parquet")),
    )
    model = write_model(ARTIFACTS / "model", ARTIFACTS / "network", ARTIFACTS / "calibration", ingredients)
    Classifier.load(ARTIFACTS / "model")  # what is written is what loads
    write_report(Path(), REPORTS / "index.html")
    print(f"model {model['version']}: ONNX and PyTorch differ by {agreement.largest_difference:g} in a probability")


def _agreement(network: Network, cache: PixelCache, temperature: float) -> Agreement:
    """Compare on the test split; where it is empty, on the training images."""
    split = "test" if len(cache.rows("test")) else "train"
    torch.set_num_threads(1)  # one number on every machine
    trained = load_network(ARTIFACTS / "network", network.specification)
    rows = cache.rows(split)
    return measure_agreement(network, trained, np.asarray(cache.pixels[rows]), cache.labels(rows), temperature, split)


if __name__ == "__main__":
    run(main)
