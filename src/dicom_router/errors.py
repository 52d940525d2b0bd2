"""Everything this package raises on purpose.

    RouterError                 shown to the user as one message, exit code 1
    ├── ParameterError          params.yaml holds what it may not
    ├── UnreadableImage         one file cannot become an image; carries a Reason
    ├── DataError               a dataset or a table is not what it should be
    │   ├── UnknownLabel        a label that is no class and no alias
    │   ├── MixedOrigin         synthetic and real films would meet
    │   └── ValidationFailed    a critical expectation does not hold
    ├── PseudonymKeyError       the secret of the pseudonyms is missing or not the one used before
    ├── MissingExtra            what is asked for needs an extra that is not installed
    ├── ModelError              a model folder is incomplete, or must not be used on this film
    ├── PlatformError           a server or a worker does not start, or its port is taken
    ├── RunError                a run of the pipeline cannot start, or one of its stages failed
    ├── LogError                the prediction log cannot be opened, read or written
    └── RegistryError           the model registry refuses, or does not hold what is asked for
        ├── RegistryUnreachable the MLflow server does not answer
        ├── NoChampion          nobody has promoted a version
        └── NotReproduced       a version's weights or figures are not what its commit, data and parameters give

Bad input is data: an UnreadableImage becomes a quarantine row where many files
are read. No message holds patient data, and each says what is accepted instead.
"""

from collections.abc import Sequence

from dicom_router.reasons import Reason

__all__ = [
    "DataError",
    "LogError",
    "MissingExtra",
    "MixedOrigin",
    "ModelError",
    "NoChampion",
    "NotReproduced",
    "ParameterError",
    "PlatformError",
    "PseudonymKeyError",
    "RegistryError",
    "RegistryUnreachable",
    "RouterError",
    "RunError",
    "UnknownLabel",
    "UnreadableImage",
    "ValidationFailed",
]


class RouterError(Exception):
    """Base of every error that is shown to a user without a traceback."""


class ParameterError(RouterError):
    """``params.yaml`` is missing, is no YAML, or holds an unknown key or a wrong value."""


class UnreadableImage(RouterError):
    """One file cannot become an image: ``reason`` says why in code, ``detail`` in words."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail or reason.meaning}")
        self.reason = reason
        self.detail = detail or reason.meaning

    def __reduce__(self) -> tuple[type, tuple[Reason, str]]:
        """Pickle by the constructor's arguments, so that it crosses process borders."""
        return type(self), (self.reason, self.detail)


class DataError(RouterError):
    """A dataset, a label table or an artifact is not what it should be."""


class UnknownLabel(DataError):
    """A label that is neither a class nor an alias of one."""

    def __init__(self, text: str, accepted: Sequence[str]) -> None:
        super().__init__(f"unknown label {text!r}; accepted: {', '.join(accepted)}")
        self.text = text
        self.accepted = tuple(accepted)

    def __reduce__(self) -> tuple[type, tuple[str, tuple[str, ...]]]:
        """Pickle by the constructor's arguments, so that it crosses process borders."""
        return type(self), (self.text, self.accepted)


class MixedOrigin(DataError):
    """Synthetic and real films would end up in one dataset."""


class ValidationFailed(DataError):
    """A critical expectation does not hold; the message names it and the rows."""


class PseudonymKeyError(RouterError):
    """The key of the pseudonyms is missing, too short, or not the one this dataset was made with."""


class MissingExtra(RouterError):
    """What is asked for needs an extra of this package that is not installed."""

    def __init__(self, module: str | None, extra: str) -> None:
        super().__init__(
            f"this needs {module}, which the light install leaves out: pip install '.[{extra}]',"
            " or work in the .venv that `make setup` makes"
        )


class ModelError(RouterError):
    """A model folder is incomplete or damaged, or the model must not be used on this film."""


class PlatformError(RouterError):
    """A server or a worker of the local platform does not start, or its port is taken."""


class RunError(RouterError):
    """A run of the pipeline cannot start, or a stage of it failed; the message is the stage's own."""


class LogError(RouterError):
    """The prediction log is missing, locked, damaged, of a newer release, or its disk is full."""


class RegistryError(RouterError):
    """The model registry refuses, or does not hold what is asked for."""


class RegistryUnreachable(RegistryError):
    """The MLflow server does not answer; the message says where it was looked for and how to start it."""


class NoChampion(RegistryError):
    """No version has the alias ``champion``: nobody has promoted one."""


class NotReproduced(RegistryError):
    """A version's weights or figures are not what its commit, data and parameters give; the message names each."""
