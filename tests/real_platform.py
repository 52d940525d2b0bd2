"""The platform of one project on free ports, as tests use it."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import psutil
from documents import BY_HAND, Ran, run_here
from listening_proxy import SWITCHES
from ruamel.yaml import YAML
from small_project import SAMPLE, Run, environment, runner

from dicom_router.services.processes import marked
from dicom_router.services.settings import STATE

BUSY = (1, 2, 4, 8, 16)  # seconds to wait after each answer that SQLite is locked
PATIENCE = 90  # seconds; Prefect on SQLite may wait for a lock for 60, and answers nobody meanwhile
STAGES = ["validate", "split", "preprocess", "train", "calibrate", "evaluate", "external", "robustness", "package"]
ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
# A stage that goes on from where it was killed, and waits in its third step until a test opens the gate.
SLOW = """# {name}
import os, time
from pathlib import Path

steps = Path("work/slow/steps")
steps.parent.mkdir(parents=True, exist_ok=True)
done = len(steps.read_text().split()) if steps.exists() else 0
Path(os.environ["GATE"]).with_name("stage.pid").write_text(str(os.getpid()))
for step in range(done, 4):
    print(f"step {{step}}", flush=True)
    while step == 2 and not Path(os.environ["GATE"]).exists():
        time.sleep(0.1)
    with steps.open("a") as file:
        file.write(f"{{step}}\\n")
Path("artifacts/slow.txt").write_text("slow")
"""
# In a training that waits after each epoch until a test opens the gate, and comes to the same.
TELLS = "        self.tell(self.history[-1])\n"
WAITS = """        import os, time

        gate = Path(os.environ["GATE"])
        gate.with_name("stage.pid").write_text(str(os.getpid()))
        while not gate.exists():
            time.sleep(0.1)
"""


@dataclass(frozen=True)
class RealPlatform:
    """A platform that runs, and what tests ask of it."""

    project: Path
    variables: dict[str, str]

    @property
    def run(self) -> Run:
        """Run a command in the project, as a user with these variables would."""
        plain = runner(self.project)
        return lambda *command, **more: plain(*command, **{**self.variables, **more})

    def make(self, goal: str, shell: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
        """Do what ``make up``, ``make down`` and ``make status`` do, in ``shell``; return how it went."""
        return subprocess.run(
            (sys.executable, "-m", "dicom_router.services", goal),
            cwd=self.project,
            env=shell or self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def environment(self) -> dict[str, str]:
        """Return what the platform is started with: nothing that would keep a tool from phoning home."""
        return {name: value for name, value in environment().items() if name not in SWITCHES} | self.variables

    def make_twice_at_once(self, goal: str) -> tuple["subprocess.CompletedProcess[str]", ...]:
        """Do what ``make`` does in two shells at once; return how both went."""
        with ThreadPoolExecutor() as shells:
            return tuple(shells.map(self.make, (goal, goal)))

    def supervise(self, action: str, program: str) -> None:
        """Tell supervisord to ``start`` or ``stop`` a program, which else comes back."""
        self.run(sys.executable, "-m", "supervisor.supervisorctl", "-c", f"{STATE}/supervisord.conf", action, program)

    def api(self, path: str, body: Any = None, method: str | None = None) -> Any:
        """Ask Prefect's API: GET, or POST of ``body`` unless ``method`` says otherwise.

        Ask again, as Prefect's own client does, when SQLite is busy.
        """
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.variables['PREFECT_API_URL']}/{path}", content, {"Content-Type": "application/json"}, method=method
        )
        for patience in BUSY:
            try:
                return _answer(request)
            except urllib.error.HTTPError as error:
                if error.code != HTTPStatus.SERVICE_UNAVAILABLE:
                    raise
                time.sleep(patience)
        return _answer(request)

    def start(self, deployment: str, **parameters: Any) -> str:
        """Create a run of a deployment and return its id."""
        found = self.api(f"deployments/name/{deployment}")
        return str(self.api(f"deployments/{found['id']}/create_flow_run", {"parameters": parameters})["id"])

    def state(self, run: str) -> dict[str, Any]:
        """Return the state of a run."""
        state: dict[str, Any] = self.api(f"flow_runs/{run}")["state"]
        return state

    def end_of(self, run: str, seconds: float = 300) -> dict[str, Any]:
        """Wait for the end of a run and return its state."""
        wait(lambda: self.state(run)["type"] in ENDED, seconds, f"run {run} is {self.state(run)['name']}")
        return self.state(run)

    def tasks(self, run: str) -> dict[str, str]:
        """Return the names of a run's tasks, in order, with their states; Prefect hears of them late."""
        rows = self.api("task_runs/filter", {"flow_runs": {"id": {"any_": [run]}}, "sort": "EXPECTED_START_TIME_ASC"})
        return {row["name"]: row["state_name"] for row in rows}

    def log(self, run: str) -> str:
        """Return what a run logged."""
        rows = self.api("logs/filter", {"logs": {"flow_run_id": {"any_": [run]}}, "sort": "TIMESTAMP_ASC"})
        return "\n".join(row["message"] for row in rows)

    @property
    def gate(self) -> Path:
        """Return the file for which slow stages wait."""
        return Path(self.variables["GATE"])

    def stage_process(self) -> psutil.Process:
        """Return the process of the slow stage that runs, once it waits."""
        note = self.gate.with_name("stage.pid")
        wait(lambda: note.exists() and note.read_text() != "", 180, "no slow stage has started")
        process = psutil.Process(int(note.read_text()))
        note.unlink()
        return process

    def programs(self) -> dict[str, psutil.Process]:
        """Return the processes that supervisord started, by name."""
        found = [line.split() for line in self.make("status").stdout.splitlines() if "pid " in line]
        pids = {words[0]: int(words[words.index("pid") + 1].rstrip(",")) for words in found}
        ours = {process.pid: process for process in marked(self.project / STATE)}
        return {name: ours[pid] for name, pid in pids.items() if pid in ours}

    def processes(self) -> list[psutil.Process]:
        """Return every process of the platform."""
        return marked(self.project / STATE)


def as_shown(platform: RealPlatform, lines: Iterable[str]) -> Ran:
    """Run the README's commands where the platform is; who started it has done ``make up``, and will ``make down``."""
    own = [line.replace("dicom-router sample", SAMPLE) for line in lines if not line.startswith(("make ", *BY_HAND))]
    return run_here(platform.project, own, **platform.variables)


def promote(platform: RealPlatform, version: str) -> None:
    """Set the alias as MLflow's pages do."""
    alias = {"name": "dicom-router", "alias": "champion", "version": version}
    url = f"{platform.variables['MLFLOW_TRACKING_URI']}/api/2.0/mlflow/registered-models/alias"
    request = urllib.request.Request(url, json.dumps(alias).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request):
        return


def _answer(request: urllib.request.Request) -> Any:
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return json.loads(answer.read() or b"null")


def wait(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait until ``condition`` holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}, after {seconds:.0f} s"
        time.sleep(0.3)


def free_ports(count: int) -> list[int]:
    """Return ports on which nobody listens."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


Change = Callable[[Path], None]


def commit(run: Run, project: Path, name: str, *changes: Change) -> str:
    """Commit the project with ``changes`` on a branch; the checkout stays as it is. Return the branch."""
    folder = project.with_name(name)
    run("git", "worktree", "add", "--quiet", "-b", name, str(folder))
    for change in changes:
        change(folder)
    run("git", "-C", str(folder), "add", "--all")
    run("git", "-C", str(folder), "commit", "--quiet", "--message", name)
    run("git", "worktree", "remove", "--force", str(folder))
    return name


def add_slow_stage(folder: Path) -> None:
    """Add a stage at the end of the graph, whose code is of this folder's name."""
    (folder / "slow.py").write_text(SLOW.format(name=folder.name))
    yaml = YAML()
    graph = yaml.load(folder / "dvc.yaml")
    graph["stages"]["slow"] = {
        "cmd": "python slow.py",
        "deps": ["slow.py", "artifacts/model"],
        "outs": ["artifacts/slow.txt"],
    }
    yaml.dump(graph, folder / "dvc.yaml")


def replace(file: str, old: str, new: str) -> Change:
    """Return the change that puts ``new`` for ``old`` in ``file``."""

    def change(folder: Path) -> None:
        text = (folder / file).read_text()
        assert old in text
        (folder / file).write_text(text.replace(old, new))

    return change


pause_training = replace("src/dicom_router/model/training/ledger.py", TELLS, TELLS + WAITS)


def variables(folder: Path) -> dict[str, str]:
    """Return the tools' own variables for a platform on free ports."""
    mlflow, prefect = free_ports(2)
    return {
        "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{mlflow}",
        "PREFECT_API_URL": f"http://127.0.0.1:{prefect}/api",
        "PREFECT_HOME": str(folder / "prefect"),
        "GATE": str(folder / "gate"),
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",  # a server that tests take away is missed at once
        "XDG_CACHE_HOME": str(folder / "cache"),
        "PYTHONWARNINGS": os.environ.get("PYTHONWARNINGS", "default"),
    }
