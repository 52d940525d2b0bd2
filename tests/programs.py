"""Programs that some tests need and that a machine may lack."""

import os
import shutil

import pytest


def require_program(name: str, package: str) -> str:
    """Return the path of the program ``name``; skip, or fail under ``REQUIRE_ALL=1``, naming the Debian package."""
    path = shutil.which(name)
    if path is not None:
        return path
    message = f"needs the program {name}: install the package {package}"
    if os.environ.get("REQUIRE_ALL") == "1":
        pytest.fail(message)
    pytest.skip(message)
