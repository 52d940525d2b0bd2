"""Bring every accepted image to the network's input, once: artifacts/pixels/.

What is in progress stands in work/preprocess/ and is resumed when the stage is run again.
"""

import shutil
import sys
import time
from pathlib import Path

from tqdm import tqdm

from dicom_router.dataset.pixels import (
    Workplace,
    fill,
    fingerprint,
    images_done,
    index_table,
    move_into_place,
    open_workplace,
)
from dicom_router.dicom.preprocessing import PreprocessingSpec
from dicom_router.params import Preprocess, load_params
from dicom_router.stages.artifacts import ARTIFACTS, read_table
from dicom_router.stages.running import run

DATA = Path("data")
WORK = Path("work/preprocess")


def main() -> None:
    """Run the stage in the current folder."""
    params = load_params()
    spec = PreprocessingSpec(params.preprocess.image_size, params.preprocess.fit)
    images = read_table("images.parquet")
    index = index_table(read_table("splits.parquet"), images)
    place = open_workplace(WORK / fingerprint(spec, images), len(index), spec.image_size)
    _fill(place, list(index["path"]), spec, params.preprocess)
    move_into_place(place, ARTIFACTS / "pixels", index, spec)
    shutil.rmtree(WORK)  # with what other inputs left there


def _fill(place: Workplace, paths: list[str], spec: PreprocessingSpec, limits: Preprocess) -> None:
    """Preprocess what is missing, behind a progress bar where somebody watches, and print the account."""
    resumed, begun = images_done(place), time.monotonic()
    quiet = not sys.stderr.isatty()
    with tqdm(desc="preprocess", total=place.count, initial=resumed, unit=" images", disable=quiet) as bar:
        for count in fill(place, DATA, paths, spec, limits.jobs, limits.timeout):
            bar.update(count)
    rate = (place.count - resumed) / max(time.monotonic() - begun, 1e-9)
    earlier = f" + {resumed:,} finished by an earlier run" if resumed else ""
    print(
        f"preprocess: {place.count:,} images in = {place.count - resumed:,} preprocessed{earlier}; {rate:.0f} images/s",
        flush=True,
    )


if __name__ == "__main__":
    run(main)
