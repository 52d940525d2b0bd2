"""A version loaded and served where nothing is installed but what it asks for."""

import base64
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pytest
from conftest import ROOT
from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts
from mlflow_server import Server, end, free_port, launch, wait_for

from dicom_router.labels import CLASSES
from dicom_router.model.inference import Classifier
from dicom_router.registry.champion import CHAMPION
from dicom_router.registry.packing import requirements
from dicom_router.registry.server import MODEL

URI = f"models:/{MODEL}@{CHAMPION}"
LIGHT = {"click", "imagecodecs", "mlflow", "numpy", "onnxruntime", "pillow", "pydicom"}


@pytest.fixture
def champion(versions: tuple[str, str, str], connection: MlflowClient) -> str:
    connection.set_registered_model_alias(MODEL, CHAMPION, versions[0])
    return versions[0]


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an environment with the requirements of a version and nothing else; without this package."""
    folder = tmp_path_factory.mktemp("clean")
    uv, venv = str(Path(sys.executable).with_name("uv")), str(folder / "venv")
    wanted = folder / "requirements.txt"
    wanted.write_text("\n".join(requirements()) + "\n")
    versions = ["--constraint", str(ROOT / "requirements.lock")]  # of what these need in turn: those that are tested
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, venv], check=True)
    subprocess.run([uv, "pip", "install", "--quiet", "--python", venv, "-r", str(wanted), *versions], check=True)
    return folder / "venv"


def films(project: Path) -> list[Path]:
    return sorted((project / "data/images").rglob("*.dcm"))[:5]


def test_the_requirements_are_those_of_the_light_install_and_exact() -> None:
    assert {line.partition("==")[0] for line in requirements()} == LIGHT
    assert all("==" in line for line in requirements())


def test_what_travels_holds_no_pickle_and_only_code_that_inference_imports(champion: str, tmp_path: Path) -> None:
    folder = Path(download_artifacts(URI, dst_path=str(tmp_path)))
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert "served.py" in files and "input_example.json" in files
    assert not [name for name in files if name.endswith((".pkl", ".pickle", ".ckpt"))]
    code = {name for name in files if name.startswith("code/")}
    assert "code/dicom_router/model/inference.py" in code
    assert not [name for name in code if "training" in name or "dataset" in name or "registry" in name]


LOAD = """
import json, sys
import mlflow, pandas as pd
model = mlflow.pyfunc.load_model(sys.argv[1])
rows = [{"dicom": open(path, "rb").read()} for path in sys.argv[2:]] + [{"dicom": b"no film"}]
by_bytes = model.predict(pd.DataFrame(rows))
by_path = model.predict(pd.DataFrame({"path": [*sys.argv[2:], "/nowhere.dcm"]}))
print(json.dumps([by_bytes.to_dict("records"), by_path.to_dict("records")]))
"""


def test_a_clean_environment_loads_a_version_and_answers_as_classify_does(
    champion: str, clean: Path, good: Path, server: Server
) -> None:
    paths = films(good)
    done = subprocess.run(
        [clean / "bin/python", "-c", LOAD, URI, *map(str, paths)],
        env={**os.environ, "PYTHONPATH": ""}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    by_bytes, by_path = json.loads(done.stdout.splitlines()[-1])
    wanted = list(Classifier.load(good / "artifacts/model").classify(paths))
    for answers in (by_bytes, by_path):
        assert [row["label"] for row in answers[:-1]] == [result.label for result in wanted]
        for row, result in zip(answers, wanted, strict=False):
            assert [row[f"p_{name}"] for name in CLASSES] == pytest.approx(result.probabilities)
            assert row["synthetic_model"] is True
    assert (by_bytes[-1]["label"], by_bytes[-1]["reason"]) == ("", "not_dicom")
    assert by_path[-1]["reason"] == "missing_file"


@pytest.fixture
def scoring(champion: str, clean: Path, tmp_path: Path) -> Iterator[str]:
    """Serve the champion; yield the address."""
    port, log = free_port(), tmp_path / "serving.log"
    command = [str(clean / "bin/mlflow"), "models", "serve", "--model-uri", URI, "--port", str(port)]
    process = launch([*command, "--env-manager", "local"], log, PATH=f"{clean}/bin:{os.environ['PATH']}", PYTHONPATH="")
    try:
        wait_for(f"http://127.0.0.1:{port}/ping", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        end(process)


def ask(address: str, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    body = json.dumps({"dataframe_records": records}).encode()
    request = urllib.request.Request(f"{address}/invocations", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return list(json.load(answer)["predictions"])


def test_a_clean_environment_serves_a_version_and_a_bad_film_costs_its_row_only(scoring: str, good: Path) -> None:
    records = [{"dicom": base64.b64encode(path.read_bytes()).decode()} for path in films(good)]
    answers = ask(scoring, [*records, {"dicom": base64.b64encode(b"no film").decode()}])
    wanted = list(Classifier.load(good / "artifacts/model").classify(films(good)))
    assert [row["label"] for row in answers] == [*(result.label for result in wanted), ""]
    assert (answers[-1]["reason"], answers[-1]["p_spine"]) == ("not_dicom", None)


def test_the_input_example_is_a_synthetic_film_that_the_model_answers(
    champion: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])  # MLflow puts the version's code before all else
    model = mlflow.pyfunc.load_model(URI)
    example: pd.DataFrame = model.input_example
    assert b"SYNTHETIC" in example["dicom"][0]
    assert model.predict(example)["label"][0] in CLASSES
