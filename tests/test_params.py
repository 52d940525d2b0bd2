"""params.yaml: what is accepted, and what is said of the rest."""

from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from ruamel.yaml import YAML

from dicom_router.errors import ParameterError
from dicom_router.labels import CLASSES
from dicom_router.params import load_params

CHEAP = {name: [0 if place == other else 1 for other in range(5)] for place, name in enumerate(CLASSES)}
yaml = YAML(typ="safe", pure=True)


def written(folder: Path, **changes: Any) -> Path:
    """Write the repository's parameters with ``section__key=value`` changed."""
    values = yaml.load(ROOT / "params.yaml")
    for name, value in changes.items():
        section, key = name.split("__")
        values.setdefault(section, {})[key] = value
    path = folder / "params.yaml"
    yaml.dump(values, path)
    return path


def test_the_repositorys_own_file_is_accepted() -> None:
    load_params(ROOT / "params.yaml")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"split__sed": 1}, "unknown parameter split.sed; accepted here: seed, train, validation, calibration, test"),
        ({"splits__seed": 1}, "unknown parameter splits; accepted here: labelling"),
        ({"split__seed": "many"}, "split.seed is 'many'"),
        ({"split__seed": -1}, "greater than or equal to 0"),
        ({"split__train": 0.8}, "it must be 1"),
        ({"preprocess__fit": "crop"}, "'letterbox' or 'stretch'"),
        ({"calibrate__maximum_error": 0.0}, "greater than 0"),
        (
            {"calibrate__costs": {name: [0, 9, 9, 9, 9] for name in CLASSES}},
            "adult_chest routed as adult_chest costs 9",
        ),
        ({"monitoring__cron": "nightly"}, "monitoring.cron is 'nightly'"),
        ({"monitoring__timezone": "Mars/Olympus"}, "a name of the IANA database"),
        ({"calibrate__costs": {"abdomen": [0, 1, 9, 9, 9]}}, "calibrate.costs.adult_chest is missing"),
        ({"calibrate__costs": CHEAP}, "a mistake about abdomen costs less than 2 looks"),
    ],
)
def test_what_is_wrong_and_what_is_accepted_is_said(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ParameterError) as caught:
        load_params(written(tmp_path, **changes))
    assert said in str(caught.value)


def test_a_missing_parameter_is_named(tmp_path: Path) -> None:
    values = yaml.load(ROOT / "params.yaml")
    del values["split"]["seed"]
    yaml.dump(values, tmp_path / "params.yaml")
    with pytest.raises(ParameterError, match=r"parameter split\.seed is missing"):
        load_params(tmp_path / "params.yaml")


@pytest.mark.parametrize("text", ["split: [", "", "- a list"])
def test_a_file_that_holds_no_parameters_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(ParameterError):
        load_params(tmp_path / "params.yaml")


def test_a_missing_file_says_where_to_run(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"run from the folder that holds dvc\.yaml"):
        load_params(tmp_path / "params.yaml")


def test_parameters_are_frozen() -> None:
    params = load_params(ROOT / "params.yaml")
    with pytest.raises(Exception, match="frozen"):
        params.split.seed = 2  # type: ignore[misc]


def test_scientific_notation_is_a_number(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text((ROOT / "params.yaml").read_text().replace("train: 0.70", "train: 7e-1"))
    assert load_params(path).split.train == 0.7


def test_a_key_that_stands_twice_is_named(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("split:\n  seed: 1\n  seed: 2\n")
    with pytest.raises(ParameterError, match=r'duplicate key "seed".*each key may stand once$'):
        load_params(tmp_path / "params.yaml")
