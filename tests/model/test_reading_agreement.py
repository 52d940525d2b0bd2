"""What is said of films read in full and at the size that is needed."""

from pathlib import Path

import numpy as np
import pytest
from dicom.files import BASELINE, JPEG_2000_LOSSLESS, window, write_film
from model.made_up import SIZE, band_pixels
from model.rules import COSTS, thresholds
from PIL import Image

from dicom_router.dicom.preprocessing import PreprocessingSpec
from dicom_router.evaluation.reading_agreement import ReadTwice, read_twice, reading_agreement
from dicom_router.labels import CLASSES
from dicom_router.model.decision import Rule, cost_matrix
from dicom_router.model.network import Network
from dicom_router.model.outliers import FeatureStatistics

SPEC = PreprocessingSpec(SIZE, "letterbox")
ROUTES_ALL = Rule(cost_matrix(COSTS), 1e-3, np.inf)
ROUTES_NONE = Rule(cost_matrix(COSTS), thresholds()["strictness"], -1.0)


@pytest.fixture(scope="module")
def network(network_folder: Path) -> Network:
    return Network.load(network_folder)


@pytest.fixture(scope="module")
def statistics(network: Network) -> FeatureStatistics:
    width = network.specification["num_features"]
    return FeatureStatistics(np.zeros((1, width), np.float32), np.eye(width, dtype=np.float32))


def large(label: int, bits: int) -> np.ndarray:
    """Return a film of the class ``label``, 32 times enlarged, with grain."""
    small = Image.fromarray(band_pixels(label))
    pixels = np.asarray(small.resize((32 * SIZE, 32 * SIZE), Image.Resampling.BICUBIC)) / 255
    grain = np.random.default_rng(label).normal(0, 0.005, pixels.shape)
    words = np.rint(np.clip(pixels + grain, 0, 1) * (2**bits - 1))
    return words.astype("u1" if bits == 8 else "u2")


@pytest.mark.parametrize(("syntax", "bits"), [(JPEG_2000_LOSSLESS, 12), (BASELINE, 8)])
def test_a_label_changes_only_where_the_decision_is_review(
    network: Network, statistics: FeatureStatistics, tmp_path: Path, syntax: str, bits: int
) -> None:
    films = []
    for label in range(len(CLASSES)):
        path = write_film(
            tmp_path / f"{label}.dcm", large(label, bits), syntax, BitsStored=bits, **window(0, 2**bits - 1)
        )
        films.append(read_twice(path, SPEC))
    found = reading_agreement(films, network, statistics, ROUTES_ALL)
    assert (found.n, found.reduced) == (5, 5)
    assert found.of_them_routed == 0
    assert found.mean_error < found.largest_error < 1


def twice(whole: int, needed: int) -> ReadTwice:
    return ReadTwice(band_pixels(whole), band_pixels(needed), reduced=True)


def test_a_label_that_changes_and_is_routed_is_counted(network: Network, statistics: FeatureStatistics) -> None:
    films = [twice(0, 0), twice(0, 3), twice(1, 4)]
    routed = reading_agreement(films, network, statistics, ROUTES_ALL)
    assert (routed.labels_changed, routed.of_them_routed, routed.decisions_changed) == (2, 2, 0)
    reviewed = reading_agreement(films, network, statistics, ROUTES_NONE)
    assert (reviewed.labels_changed, reviewed.of_them_routed) == (2, 0)


def test_the_error_is_the_mean_difference_of_a_film() -> None:
    film = ReadTwice(np.full((2, 2), 10, np.uint8), np.array([[12, 10], [10, 8]], np.uint8), reduced=False)
    assert film.error == 1.0


def test_without_films_nothing_changes(network: Network, statistics: FeatureStatistics) -> None:
    found = reading_agreement([], network, statistics, ROUTES_ALL)
    assert (found.n, found.labels_changed, found.mean_error) == (0, 0, 0.0)
