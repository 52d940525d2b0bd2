"""Where a model lies."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

from dicom_router.errors import MissingExtra
from dicom_router.model.locating import FETCHING, Located, locate, look_up


@pytest.mark.parametrize("reference", ["artifacts/model", Path("artifacts/model")])
def test_a_folder_is_itself(reference: str | Path) -> None:
    assert locate(reference) == Path("artifacts/model")


def test_a_registry_is_asked_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    fetching = ModuleType(FETCHING)
    monkeypatch.setattr(fetching, "look_up", lambda name: Located(Path("cache") / name[-1], "red"), raising=False)
    monkeypatch.setitem(sys.modules, FETCHING, fetching)
    monkeypatch.setitem(sys.modules, FETCHING.rpartition(".")[0], ModuleType("registry"))
    assert locate("models:/dicom-router/3") == Path("cache/3")
    assert look_up("models:/dicom-router/3").warning == "red"


def test_without_mlflow_a_registry_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, FETCHING, raising=False)
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(MissingExtra, match=r"pip install '\.\[platform\]'"):
        locate("models:/dicom-router@champion")
