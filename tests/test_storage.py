"""Files written whole or not at all."""

import os
import stat
from pathlib import Path

import pytest

from dicom_router.storage import OWNER, atomically, becomes, write_atomically


@pytest.mark.parametrize("there", [True, False])
def test_a_file_for_its_owner_is_so_from_the_start(tmp_path: Path, there: bool) -> None:
    target = tmp_path / "page"
    if there:
        target.touch(mode=0o644)
    with atomically(target, mode=OWNER) as file:
        (half,) = {*tmp_path.iterdir()} - {target}
        assert stat.S_IMODE(half.stat().st_mode) == 0o600
        file.write(b"name")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600 and target.read_bytes() == b"name"


def test_any_other_file_is_as_the_umask_says(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "table", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "table").stat().st_mode) == 0o640


def test_a_half_written_file_is_known_by_its_name(tmp_path: Path) -> None:
    target = tmp_path / "new\nline.csv"
    with atomically(target):
        (half,) = tmp_path.iterdir()
        assert half != target and becomes(half) == target
    assert becomes(target) == target
