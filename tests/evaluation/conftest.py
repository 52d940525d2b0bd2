"""Fixtures of the tests of figures."""

import pytest

from dicom_router.evaluation.bootstrap import Bootstrap


@pytest.fixture
def settings() -> Bootstrap:
    return Bootstrap(resamples=1000, confidence=0.95, minimum_patients=20, seed=1337)
