"""A walk over the pipeline's graph, as its owner holds it: names, one stage at a time, and how each ended."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import IO, Any, Final, Self

from dicom_router.errors import RunError
from dicom_router.pipeline.working_copy import WorkingCopy

# Of pipeline/graph.py, which is not imported here, since that would import dvc.
SIGN: Final = "\x1e"
PUSH: Final = "push"
RAN: Final = "ran"
FAILED: Final = "failed"
LAST_LINES: Final = 10

Tell = Callable[[str], object]


@dataclass
class Walk:
    """The pipeline in a working copy, with data and DVC's cache of the user's checkout; use it as a context.

    The stages' processes live as long as this context at most: they end with the process that holds it, however
    that ends.
    """

    copy: WorkingCopy
    variables: Mapping[str, str] = field(default_factory=dict)
    stages: tuple[str, ...] = ()

    def __enter__(self) -> Self:
        """Start DVC and read the graph.

        Raises:
            RunError: the data is not there, or dvc.yaml is none.
        """
        self._process = subprocess.Popen(
            (
                sys.executable,
                "-m",
                "dicom_router.pipeline.graph",
                str(self.copy.root),
                *(["current"] * self.copy.current),
            ),
            cwd=self.copy.folder,
            env={**os.environ, "DVC_NO_ANALYTICS": "1", "PYTHONUNBUFFERED": "1", **self.variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="backslashreplace",
            start_new_session=True,
            pass_fds=(self.copy.lock,),
        )
        said: list[str] = []
        answer = self._listen(said.append)
        if "stages" not in answer:
            self.__exit__(None, None, None)
            raise RunError(answer.get("message") or _last(said))
        self.stages = tuple(answer["stages"])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let go of the leash and wait for the end."""
        with suppress(BrokenPipeError):  # it may have ended before, with a wish unread
            _pipe(self._process.stdin).close()
        self._process.wait()
        _pipe(self._process.stdout).close()

    def reproduce(self, name: str, tell: Tell) -> bool:
        """Reproduce the stage ``name``, passing on each line that it prints; say whether its command had to run.

        Raises:
            RunError: the stage failed; the message is the stage's own, or the last that was printed.
        """
        said: list[str] = []

        def keep(line: str) -> None:
            said.append(line)
            tell(line)

        answer = self._ask(name, keep)
        if answer["state"] == FAILED:
            raise RunError(answer["message"] or explanation(name, said))
        return bool(answer["state"] == RAN)

    def push(self, tell: Tell) -> bool:
        """Push results to DVC's remote; say whether there is one.

        Raises:
            RunError: the remote does not take them.
        """
        answer = self._ask(PUSH, tell)
        if answer["state"] == FAILED:
            raise RunError(f"results could not be pushed to DVC's remote: {answer['message']}")
        return bool(answer["state"] == RAN)

    def _ask(self, wish: str, tell: Tell) -> dict[str, Any]:
        stdin = _pipe(self._process.stdin)
        try:
            stdin.write(f"{wish}\n")
            stdin.flush()
        except BrokenPipeError:
            raise RunError(f"DVC's process has ended, so {wish} could not be asked for; run again") from None
        return self._listen(tell)

    def _listen(self, tell: Tell) -> dict[str, Any]:
        """Pass lines on until the process answers; what it says when it dies is an answer too."""
        for line in _pipe(self._process.stdout):
            if line.startswith(SIGN):
                answer: dict[str, Any] = json.loads(line.removeprefix(SIGN))
                return answer
            if line.strip():
                tell(line.rstrip())
        return {"state": FAILED, "message": ""}


def explanation(stage: str, lines: list[str]) -> str:
    """Return why a stage failed: its last message and what follows, else the last lines.

    Stages end with ``NAME: message``, which may go on over several lines; a warning is none.
    """
    starts = [place for place, line in enumerate(lines) if line.startswith(f"{stage}: ")]
    own = [place for place in starts if not lines[place].startswith(f"{stage}: warning: ")]
    traceback = any(line.startswith("Traceback (") for line in lines)
    if not own or traceback:
        return _last(lines)
    return "\n".join(lines[own[-1] :]).removeprefix(f"{stage}: ")


def _last(lines: list[str]) -> str:
    return "\n".join(lines[-LAST_LINES:]) or "it ended without a word"


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe
