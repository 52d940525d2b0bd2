"""Samples that are written once a session."""

from pathlib import Path

import pandas as pd
import pytest

from dicom_router.dataset.table import read_labels
from dicom_router.sample.writing import Sample, write_sample


@pytest.fixture(scope="session")
def small_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a sample of 160 films."""
    data = tmp_path_factory.mktemp("small") / "data"
    for _ in write_sample(Sample(160, 3), data, jobs=1):
        pass
    return data


@pytest.fixture(scope="session")
def labels(small_sample: Path) -> pd.DataFrame:
    """Return the labels of ``small_sample``."""
    return read_labels(small_sample)


@pytest.fixture(scope="session")
def large_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a sample that is large enough to learn from."""
    data = tmp_path_factory.mktemp("large") / "data"
    for _ in write_sample(Sample(640, 1), data, jobs=-1):
        pass
    return data
