"""Who signs: a promotion, or a reference. Without MLflow, which takes seconds to import."""

import getpass
import subprocess
from pathlib import Path

from dicom_router.errors import RegistryError


def who(folder: Path) -> str:
    """Return whom git names in ``folder``, as given there; without git, the user's name on this machine.

    Raises:
        RegistryError: neither says who it is.
    """
    name, email = _git(folder, "user.name"), _git(folder, "user.email")
    return " ".join(filter(None, [name, f"<{email}>" if email else ""])) or _user()


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # before Python 3.13, where the machine does not know the number of its user
        raise RegistryError('nobody says who signs: git config --global user.name "…"') from None


def _git(folder: Path, key: str) -> str:
    try:
        done = subprocess.run(["git", "config", key], cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip()
