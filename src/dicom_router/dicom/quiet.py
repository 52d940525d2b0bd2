"""Third-party readers kept from talking: their warnings and log lines quote values of the header."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

LOGGERS: Final = ("pydicom", "PIL")


@contextmanager
def quiet() -> Iterator[None]:
    """Silence warnings and the readers' loggers. Per process: read in processes, not in threads."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.CRITICAL + 1)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
