"""Hard enough to mean something: thumbnails do not do, the header tells nothing, and the two hospitals differ."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from dicom_router.dataset.table import read_labels
from dicom_router.dicom.preprocessing import PreprocessingSpec, preprocess
from dicom_router.dicom.reading import read
from dicom_router.labels import CLASSES

SIZE = 128  # the hospitals differ in noise and edges, which smaller films lose
FOLDS = GroupKFold(5)
LINEAR_LIMIT = 0.75
CHANCE_LIMIT = 0.27  # five even classes give 0.20; four deviations of a sample this large are 0.06


@pytest.fixture(scope="module")
def films(large_sample: Path) -> pd.DataFrame:
    """Return the labels, the headers, the files' sizes, and the preprocessed pixels as a column of arrays."""
    labels = read_labels(large_sample)
    spec = PreprocessingSpec(image_size=SIZE, fit="letterbox")
    read_films = [read(large_sample / path) for path in labels["path"]]
    header = pd.DataFrame([asdict(film.header) for film in read_films]).add_prefix("header_")
    size = pd.Series([(large_sample / path).stat().st_size for path in labels["path"]], name="header_size")
    pixels = pd.Series([preprocess(film, spec) for film in read_films], name="pixels")
    return pd.concat([labels, header, size, pixels], axis=1)


@pytest.fixture(scope="module")
def internal(films: pd.DataFrame) -> pd.DataFrame:
    return films[films["cohort"] == "internal"]


def _thumbnails(films: pd.DataFrame) -> np.ndarray:
    stacked = np.stack(films["pixels"].tolist()).astype(np.float64)
    cells = stacked.reshape(len(films), 16, SIZE // 16, 16, SIZE // 16).mean(axis=(2, 4))
    return cells.reshape(len(films), -1)


def _texture(films: pd.DataFrame) -> np.ndarray:
    stacked = np.stack(films["pixels"].tolist()).astype(np.float64)
    flat = stacked.reshape(len(films), -1)
    bends = [np.abs(np.diff(stacked, n=n, axis=axis)).mean(axis=(1, 2)) for n in (1, 2) for axis in (1, 2)]
    return np.stack([flat.mean(1), flat.std(1), *np.percentile(flat, (5, 25, 50, 75, 95), axis=1), *bends], axis=1)


def _header(films: pd.DataFrame) -> np.ndarray:
    columns = [name for name in films if name.startswith("header_")]
    codes = [values if values.dtype.kind in "iufb" else pd.factorize(values)[0] for _, values in films[columns].items()]
    return np.stack([np.asarray(code, dtype=np.float64) for code in codes], axis=1)


@pytest.mark.parametrize("regularisation", [1.0, 0.01])
def test_logistic_regression_on_thumbnails_falls_short(internal: pd.DataFrame, regularisation: float) -> None:
    model = make_pipeline(StandardScaler(), LogisticRegression(C=regularisation, max_iter=3000))
    said = cross_val_predict(model, _thumbnails(internal), internal["label"], groups=internal["patient_id"], cv=FOLDS)
    assert f1_score(internal["label"], said, average="macro") <= LINEAR_LIMIT


def test_header_and_file_size_tell_nothing_of_the_class(internal: pd.DataFrame) -> None:
    model = HistGradientBoostingClassifier(max_iter=60, random_state=0)
    said = cross_val_predict(model, _header(internal), internal["label"], groups=internal["patient_id"], cv=FOLDS)
    assert f1_score(internal["label"], said, average="macro") <= CHANCE_LIMIT


@pytest.mark.parametrize("label", CLASSES)
def test_file_size_alone_does_not_rank_a_class(internal: pd.DataFrame, label: str) -> None:
    area = roc_auc_score(internal["label"] == label, internal["header_size"])
    assert abs(area - 0.5) < 0.12


def test_the_two_hospitals_can_be_told_apart(films: pd.DataFrame) -> None:
    external = (films["cohort"] == "external").to_numpy()
    model = HistGradientBoostingClassifier(max_iter=80, random_state=0)
    said = cross_val_predict(
        model, _texture(films), external, groups=films["patient_id"], cv=FOLDS, method="predict_proba"
    )
    assert roc_auc_score(external, said[:, 1]) >= 0.9
