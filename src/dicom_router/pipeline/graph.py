"""DVC's graph, walked by a process of its own: the only module that imports dvc.

``python -m dicom_router.pipeline.graph ROOT [current]`` runs in a working copy, whose data and settings come from
the checkout ``ROOT``; ``current`` says that it is to hold the same data, too. It prints what DVC and the stages
print, and between that its own lines, which begin with ``SIGN``: first ``{"stages": [...]}`` in topological order,
then one ``{"state": ...}`` for each stage whose name it reads from standard input. DVC takes seconds to start: one
process walks all stages. The input is also a leash: when it closes, whoever held it is done or dead, and this
process group ends, the running stage included.
"""

import json
import logging
import os
import queue
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

from dvc.exceptions import CheckoutError, DvcException, ReproductionError
from dvc.repo import Repo
from dvc.repo.reproduce import get_active_graph, plan_repro
from dvc.stage.exceptions import StageCmdFailedError

SIGN: Final = "\x1e"  # ASCII's record separator, which no log line begins with
PUSH: Final = "push"  # what is asked for after the stages
GRACE: Final = 5  # seconds a stage has to end
RAN: Final = "ran"
CACHED: Final = "cached"
FAILED: Final = "failed"


class Attention(logging.Handler):
    """Notes whether DVC runs a command, which it says and does not return."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.ran = False

    def emit(self, record: logging.LogRecord) -> None:
        """Take note of one message, which DVC's own handler prints."""
        self.ran = self.ran or record.getMessage().startswith("Running stage ")


def main(root: Path, current: bool) -> None:
    """Prepare the working copy, then reproduce what standard input asks for."""
    attention = pay_attention()
    wishes = hold_leash()
    try:
        repo = prepare(Repo(str(root)), Path.cwd(), current)
        say(stages=stages(repo))
    except DvcException as error:
        say(state=FAILED, message=str(error))
        return
    while (wish := wishes.get()) is not None:
        say(**(push(repo) if wish == PUSH else reproduce(repo, wish, attention)))


def prepare(source: Repo, folder: Path, current: bool) -> Repo:
    """Give ``folder`` the cache, the remotes and the data of ``source``; return its repository."""
    unrecorded = changed_data(source) if current else []
    if unrecorded:
        raise DvcException(
            f"{', '.join(unrecorded)} changed since it was recorded: `dvc add {' '.join(unrecorded)}`, and commit"
        )
    with Repo(str(folder)).config.edit("local") as local:
        for level in ("repo", "local"):
            for section, values in source.config.load_one(level).items():
                local.setdefault(section, {}).update(values)
        local["cache"]["dir"] = source.cache.local_cache_dir
    repo = Repo(str(folder))
    repo.scm_context.quiet = True  # no advice to `git add`
    fetch_data(repo)
    return repo


def fetch_data(repo: Repo) -> None:
    """Check out what ``.dvc`` files name, from the cache or else from the remote."""
    targets = [stage.relpath for stage in repo.index.stages if stage.is_data_source]
    if not targets:
        return
    try:
        repo.checkout(targets, force=True)
    except CheckoutError:
        if not has_remote(repo):
            raise DvcException(
                f"the data that {', '.join(targets)} names is not in DVC's cache: make it with "
                "`dicom-router sample data`, import it, or `dvc pull` it; then `dvc add data`"
            ) from None
        repo.pull(targets, force=True)


def stages(repo: Repo) -> list[str]:
    """Return the names of the pipeline's stages in the order in which DVC would run them."""
    return [stage.addressing for stage in plan_repro(get_active_graph(repo.index.graph)) if not stage.is_data_source]


def reproduce(repo: Repo, name: str, attention: Attention) -> dict[str, str]:
    """Reproduce exactly one stage; say whether its command ran, or why it failed."""
    attention.ran = False
    try:
        repo.reproduce(name, single_item=True)
    except ReproductionError as error:
        return {"state": FAILED, "message": "" if isinstance(error.__cause__, StageCmdFailedError) else reason(error)}
    except DvcException as error:
        return {"state": FAILED, "message": str(error)}
    return {"state": RAN if attention.ran else CACHED}


def push(repo: Repo) -> dict[str, str]:
    """Push results to the remote, if one is set."""
    if not has_remote(repo):
        return {"state": CACHED}
    try:
        repo.push(run_cache=True)
    except (DvcException, OSError) as error:  # what a store of files raises is passed on as it is
        return {"state": FAILED, "message": reason(error)}
    return {"state": RAN}


def has_remote(repo: Repo) -> bool:
    """Say whether a default remote is set."""
    return bool(repo.config["core"].get("remote"))


def changed_data(repo: Repo) -> list[str]:
    """Return the paths that were recorded by ``dvc add`` and changed since; what is not there has not changed."""
    recorded = [stage for stage in repo.index.stages if stage.is_data_source]
    changed = [out for stage in recorded for out in stage.outs if out.exists and out.changed_checksum()]
    return [os.path.relpath(out.fs_path, repo.root_dir) for out in changed]


def reason(error: BaseException) -> str:
    """Return the innermost explanation."""
    return reason(error.__cause__) if error.__cause__ else str(error)


def pay_attention() -> Attention:
    """Have DVC say what it does."""
    attention = Attention()
    logger = logging.getLogger("dvc")
    logger.setLevel(logging.INFO)
    logger.addHandler(attention)
    return attention


def hold_leash() -> "queue.SimpleQueue[str | None]":
    """Return the lines of standard input as they come; at its end this process group ends."""
    wishes: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    signal.signal(signal.SIGTERM, lambda *_: None)  # not ignored, since children would inherit that

    def read() -> None:
        for line in sys.stdin:
            wishes.put(line.strip())
        wishes.put(None)
        os.killpg(0, signal.SIGTERM)
        time.sleep(GRACE)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=read, daemon=True).start()
    return wishes


def say(**words: Any) -> None:  # noqa: ANN401  (JSON)
    """Print one line of our own."""
    sys.stderr.flush()
    print(f"{SIGN}{json.dumps(words)}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), "current" in sys.argv[2:])
