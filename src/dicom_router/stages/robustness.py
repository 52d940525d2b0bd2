"""Stage ``robustness``: test films as they might also arrive, through the exported network and its rule."""

import io
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from dicom_router.evaluation.bootstrap import Bootstrap
from dicom_router.evaluation.perturbing import WAYS, Pixels, Reading, film_in_all_ways, pixels_of_films
from dicom_router.evaluation.predictions import predictions_table
from dicom_router.evaluation.reading import read_rule, read_temperature
from dicom_router.evaluation.robustness import choose_films, metrics, one_line, robustness_document, shown_film
from dicom_router.evaluation.routing import with_decisions
from dicom_router.model.cache import PixelCache
from dicom_router.model.network import Network
from dicom_router.model.outliers import FILE, FeatureStatistics
from dicom_router.model.probabilities import softmax
from dicom_router.params import load_params
from dicom_router.stages.running import run
from dicom_router.storage import write_atomically, write_json

ARTIFACTS = Path("artifacts")
CALIBRATION = ARTIFACTS / "calibration"
REPORTS = Path("reports")

Outputs = tuple[NDArray[np.float32], NDArray[np.float32]]  # logits (N, K, C) and features (N, K, F)


def main() -> None:
    """Perturb, score, and write ``reports/robustness*``."""
    params = load_params()
    wanted = params.robustness
    network = Network.load(ARTIFACTS / "network", threads=params.evaluate.threads)
    reading = Reading(Path("data"), network.preprocessing, wanted.seed)
    test = _test_films()
    films = choose_films(test, wanted.patients, wanted.seed)
    pictures = pixels_of_films(reading, list(films["path"]), wanted.jobs, wanted.timeout)
    tables = _decided(films, _outputs(network, pictures, len(films)))
    document = robustness_document(tables, len(test), wanted.target, Bootstrap.from_params(params.evaluate))
    document["synthetic"] = bool(network.specification["synthetic"])
    document["shown"] = shown_film(tables, document["worst"])
    write_atomically(REPORTS / "robustness" / "film.npy", _npy(_pictures_of(reading, document["shown"])))
    write_json(REPORTS / "robustness_metrics.json", metrics(document))
    write_json(REPORTS / "robustness.json", document)
    print(one_line(document))


def _test_films() -> pd.DataFrame:
    index = PixelCache.open(ARTIFACTS / "pixels").index
    return index[index["split"] == "test"]


def _outputs(network: Network, pictures: Iterable[Pixels], count: int) -> Outputs:
    """Run the network on ``count`` films, one after the other, behind a progress bar where somebody watches."""
    bar = tqdm(pictures, "robustness", count, unit=" films", disable=not sys.stderr.isatty())
    parts = [network.run(pixels) for pixels in bar] or [network.run(_no_pixels(network))]
    logits, features = (np.stack(kind) for kind in zip(*parts, strict=True))
    return logits[:count], features[:count]


def _decided(films: pd.DataFrame, outputs: Outputs) -> dict[str, pd.DataFrame]:
    """Return by way the table of ``films`` with probabilities and decisions."""
    statistics, rule = FeatureStatistics.load(CALIBRATION / FILE), read_rule(CALIBRATION)
    temperature = read_temperature(CALIBRATION)
    tables = {}
    for place, way in enumerate(WAYS):
        logits, features = (kind[:, place] for kind in outputs)
        table = predictions_table(films, softmax(logits, temperature))
        tables[way.name] = with_decisions(table, rule, logits, statistics.scores(features))
    return tables


def _no_pixels(network: Network) -> Pixels:
    size = network.preprocessing.image_size
    return np.zeros((len(WAYS), size, size), np.uint8)


def _pictures_of(reading: Reading, shown: Mapping[str, str] | None) -> Pixels:
    """Return the film that the report shows in every way, ``(K, S, S)`` uint8; nothing where there is none."""
    pictures = None if shown is None else film_in_all_ways(reading, shown["path"])  # which was read a moment ago
    return pictures if isinstance(pictures, np.ndarray) else np.empty((0, 0, 0), np.uint8)


def _npy(array: Pixels) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


if __name__ == "__main__":
    run(main)
