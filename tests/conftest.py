"""Fixtures of every test."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def real_xr() -> Path:
    """Return the folder of real radiographs beside the checkout; skip where there is none."""
    folder = ROOT.parent / "shared" / "real-xr"
    if not folder.is_dir():
        pytest.skip("needs the real radiographs in ../shared/real-xr")
    return folder
