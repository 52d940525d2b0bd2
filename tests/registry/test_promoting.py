"""Who is champion, who made it so, and what follows from it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST
from mlflow_server import free_port
from PIL import Image
from registry.registered import COMMIT, judged

from dicom_router.cli import group
from dicom_router.errors import NoChampion, RegistryError, RegistryUnreachable
from dicom_router.model.inference import Classifier
from dicom_router.registry import fetching
from dicom_router.registry.champion import CHAMPION, Move, read_champion
from dicom_router.registry.fetching import fetch
from dicom_router.registry.lineage import read_lineage
from dicom_router.registry.promoting import promote
from dicom_router.registry.server import ADDRESS, MODEL
from dicom_router.registry.who import who

Versions = tuple[str, str, str]
REFERENCE = f"models:/{MODEL}@{CHAMPION}"
ADA = "Ada <ada@example.org>"


def run(*words: str, code: int = 0) -> Result:
    result = CliRunner().invoke(group, words)
    assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
    return result


def model_version(folder: Path) -> str:
    return Classifier.load(folder).version


def test_with_nothing_registered_all_that_scores_refuses(client: MlflowClient) -> None:
    with pytest.raises(NoChampion, match="nobody has promoted one"):
        fetch(REFERENCE)


def test_before_anybody_promotes_all_that_scores_refuses_and_says_how(versions: Versions) -> None:
    for ask in (lambda: fetch(REFERENCE), read_champion, lambda: read_lineage("champion")):
        with pytest.raises(NoChampion, match=r"give it the alias `champion`, or run `dicom-router promote VERSION"):
            ask()


def test_moving_the_alias_changes_the_next_answer_and_moving_it_back_too(
    versions: Versions, connection: MlflowClient, good: Path, bad: Path
) -> None:
    names = [model_version(project / "artifacts/model") for project in (good, bad)]
    for place in (0, 1, 0):
        connection.set_registered_model_alias(MODEL, CHAMPION, versions[place])  # as MLflow's pages do
        assert model_version(fetch(REFERENCE)) == names[place]


def test_a_promotion_is_kept_with_time_name_and_reason(versions: Versions, connection: MlflowClient) -> None:
    assert promote(versions[0], " better on spines ", ADA) == ""
    tags = connection.get_model_version(MODEL, versions[0]).tags
    assert (tags["promoted.by"], tags["promoted.because"]) == (ADA, "better on spines")
    assert read_champion().history == (Move(versions[0], tags["promoted.at"], ADA, "better on spines", "promote"),)


def test_a_version_that_failed_its_gate_needs_the_flag_and_is_shown_in_red(versions: Versions) -> None:
    with pytest.raises(RegistryError, match=r"did not pass its gate: .*recall\.spine.*add --despite-gate"):
        promote(versions[1], "hurry", ADA)
    promote(versions[1], "hurry", ADA, despite_gate=True)
    champion = read_champion()
    assert champion.warning is not None and "recall.spine" in champion.warning
    shown = CliRunner().invoke(group, ["champion"], color=True).output
    assert "\x1b[31m\x1b[1mWARNING" in shown


def test_all_that_scores_with_it_says_so_in_red(
    versions: Versions, bad: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    promote(versions[1], "hurry", ADA, despite_gate=True)
    film = str(next((bad / "data/images").rglob("*.dcm")))
    said = "Champion 2 did not pass its gate (recall.spine"
    for words in (("classify", film), ("audit", "--workers", "1", film), ("explain", film)):
        shown = CliRunner().invoke(group, [words[0], "--model", REFERENCE, *words[1:]], color=True)
        assert f"\x1b[31m\x1b[1mWARNING   {said}" in shown.stderr, shown.output
    for page in ("audit/index.html", "explanation.html"):
        assert re.search(rf'class="banner alarm".*\n.*{re.escape(said)}', (tmp_path / page).read_text())
    assert run("explain", film, "--model", REFERENCE, "--output", "red.png").exit_code == 0
    with Image.open(tmp_path / "red.png") as picture:
        assert (179, 38, 30) in {
            colour for _, colour in picture.convert("RGB").getcolors(picture.width * picture.height)
        }


def test_one_that_passed_is_named_in_red_nowhere(versions: Versions, good: Path) -> None:
    promote(versions[0], "first", ADA)
    film = str(next((good / "data/images").rglob("*.dcm")))
    assert "gate" not in run("classify", "--model", REFERENCE, film).stderr


def test_one_that_failed_and_was_set_in_the_pages_is_red_too(versions: Versions, connection: MlflowClient) -> None:
    connection.set_registered_model_alias(MODEL, CHAMPION, versions[0])
    assert read_champion().warning is None
    connection.set_registered_model_alias(MODEL, CHAMPION, versions[1])
    assert read_champion().warning is not None


def test_the_history_says_openly_what_was_only_seen(versions: Versions, connection: MlflowClient) -> None:
    connection.set_registered_model_alias(MODEL, CHAMPION, versions[0])
    read_champion()
    promote(versions[2], "newer", ADA)
    connection.delete_registered_model_alias(MODEL, CHAMPION)
    with pytest.raises(NoChampion, match="version 3 was; it was deleted, or its alias removed"):
        read_champion()
    promote(versions[0], "back", ADA)
    shown = run("champion").output.splitlines()
    history = [line.split("  ", 2)[2] for line in shown[3 : shown.index("")] if line.startswith("  ")]
    assert history == [
        "version 1, seen then; set in MLflow, which keeps neither time nor name",
        f"version 3, by {ADA}: newer",
        "nobody, seen then; set in MLflow, which keeps neither time nor name",
        f"version 1, by {ADA}: back",
    ]


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("models:/dicom-router/99", "has no version '99'; there are 1, 2, 3"),
        ("models:/dicom-router@nobody", "no version of dicom-router has the alias 'nobody'"),
        ("models:/another@champion", "names no version: write models:/dicom-router@champion"),
        ("champion", "names no version"),
    ],
)
def test_what_is_not_there_is_named_with_what_is(versions: Versions, reference: str, said: str) -> None:
    with pytest.raises(RegistryError, match=said):
        fetch(reference)


def test_a_version_is_downloaded_once_and_again_when_it_was_damaged(versions: Versions, good: Path) -> None:
    folder = fetch(f"models:/{MODEL}/1")
    before = (folder / "model.json").stat().st_mtime_ns
    assert fetch(f"models:/{MODEL}/1") == folder
    assert (folder / "model.json").stat().st_mtime_ns == before
    (folder / "network.onnx").write_bytes(b"damaged")
    assert model_version(fetch(f"models:/{MODEL}/1")) == model_version(good / "artifacts/model")


def test_without_a_server_the_last_champion_scores_only_where_that_is_asked_for(
    versions: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(versions[0], "first", ADA)
    before = fetch(REFERENCE)
    monkeypatch.setattr("dicom_router.registry.server.check_reachable", unreachable)
    with pytest.raises(RegistryUnreachable):
        fetch(REFERENCE)
    assert fetch(REFERENCE, allow_cached=True) == before
    assert fetch(f"models:/{MODEL}/{versions[0]}", allow_cached=True) == before
    with pytest.raises(RegistryUnreachable):
        fetch(f"models:/{MODEL}/7", allow_cached=True)
    (before.parent / fetching.LAST).write_text("{")
    with pytest.raises(RegistryUnreachable):
        fetch(REFERENCE, allow_cached=True)


def unreachable() -> None:
    raise RegistryUnreachable("no server")


def test_the_commands_tell_what_they_did_and_how_to_go_back(versions: Versions) -> None:
    run("promote", versions[0], "--because", "first")
    shown = run("promote", versions[2], "--because", "newer").output
    assert "champion  version 3, by " in shown
    assert 'back      dicom-router promote 1 --because "…"' in shown
    shown = run("lineage", "champion").output
    for part in ("version   3", f"commit    {COMMIT}", "train.network", "http://127.0.0.1:4200/runs"):
        assert part in shown


def test_a_reason_is_asked_for_and_a_champion_is_not_made_twice(versions: Versions) -> None:
    with pytest.raises(RegistryError, match="say why"):
        promote(versions[0], " ", ADA)
    promote(versions[0], "first", ADA)
    with pytest.raises(RegistryError, match="is champion already"):
        promote(versions[0], "again", ADA)


def test_the_name_is_what_git_says(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    for key, value in (("user.name", "Ada L."), ("user.email", "ada@example.org")):
        subprocess.run(["git", "config", key, value], cwd=tmp_path, check=True)
    assert who(tmp_path) == "Ada L. <ada@example.org>"


def test_without_the_extra_a_command_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    for name in [name for name in sys.modules if name.startswith("dicom_router.registry")]:
        monkeypatch.delitem(sys.modules, name)
    result = CliRunner().invoke(group, ["champion"])
    assert isinstance(result.exception, Exception)
    assert "pip install '.[train,platform]'" in str(result.exception)


def test_an_unreachable_server_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ADDRESS, f"http://127.0.0.1:{free_port()}")
    result = CliRunner().invoke(group, ["champion"])
    assert isinstance(result.exception, RegistryUnreachable)


def test_a_deleted_champion_is_no_champion(client: MlflowClient, good: Path) -> None:
    number, _ = judged(good)
    promote(number, "first", ADA)
    client.delete_model_version(MODEL, number)
    with pytest.raises(NoChampion, match=f"version {number} was; it was deleted, or its alias removed"):
        fetch(REFERENCE)


def test_a_move_that_somebody_deleted_costs_no_other(versions: Versions, connection: MlflowClient) -> None:
    for place in (0, 2):
        promote(versions[place], "better", ADA)
    connection.delete_registered_model_tag(MODEL, "champion.history.1")
    promote(versions[0], "back", ADA)
    assert [move.version for move in read_champion().history] == [versions[2], versions[0]]


def test_a_history_that_somebody_wrote_into_is_named(versions: Versions, connection: MlflowClient) -> None:
    promote(versions[0], "first", ADA)
    connection.set_registered_model_tag(MODEL, "champion.history.notes", "mine")  # is none of the history
    assert len(read_champion().history) == 1
    connection.set_registered_model_tag(MODEL, "champion.history.1", "mine")
    with pytest.raises(RegistryError, match=r"the tag champion\.history\.1 .* is no move of the champion"):
        read_champion()


def test_a_cache_that_cannot_be_written_is_one_message(
    versions: Versions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(RegistryError, match=r"Not a directory; see that it is there, may be used and has room"):
        fetch(f"models:/{MODEL}/1")


def test_a_run_that_was_deleted_for_good_is_said_to_be(versions: Versions, monkeypatch: pytest.MonkeyPatch) -> None:
    def get_run(_client: MlflowClient, run_id: str) -> None:
        raise MlflowException(f"Run {run_id} not found", RESOURCE_DOES_NOT_EXIST)

    monkeypatch.setattr(MlflowClient, "get_run", get_run)  # as after `mlflow gc`, which needs the server's database
    with pytest.raises(RegistryError, match="the run that made version 1 was deleted from MLflow for good"):
        read_lineage("1")


def test_what_another_process_downloaded_first_is_taken(good: Path, tmp_path: Path) -> None:
    found, folder = (shutil.copytree(good / "artifacts/model", tmp_path / name) for name in ("found", "place"))
    fetching._put(found, folder)
    assert model_version(folder) == model_version(good / "artifacts/model")
    (folder / "model.json").unlink()
    with pytest.raises(OSError, match="not empty"):
        fetching._put(found, folder)
