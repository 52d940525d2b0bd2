"""Stage ``train``: a network from the pixel cache; a killed run goes on from its last whole epoch."""

import shutil
import sys
from pathlib import Path

from dicom_router.dataset.table import read_origin
from dicom_router.labels import CLASSES
from dicom_router.model.cache import PixelCache, cache_digest
from dicom_router.model.training.batches import Images
from dicom_router.model.training.fitting import Fitted, discard, fit
from dicom_router.model.training.inputs import inputs_digest
from dicom_router.model.training.ledger import describe
from dicom_router.model.training.recipe import Recipe
from dicom_router.model.training.saving import save_network
from dicom_router.params import load_params
from dicom_router.stages.running import run


def main() -> None:
    """Train on the split train, choose the epoch on validation; write ``artifacts/network``."""
    params = load_params()
    recipe = Recipe.from_mapping(params.train.model_dump())
    folder = Path("artifacts/pixels")
    cache = PixelCache.open(folder)
    work = Path("work/train") / inputs_digest(cache_digest(folder), recipe)
    synthetic = read_origin(Path("data")).synthetic
    fitted = fit(_images(cache, "train"), _images(cache, "validation"), recipe, work, sys.stdout.isatty())
    _write(Path("artifacts/network"), work, fitted, recipe, cache, synthetic)
    if len(fitted.history) < recipe.epochs:
        waited = f"{recipe.patience} without a better {recipe.select}"
        print(f"stopped after epoch {len(fitted.history)}: {waited} (train.patience)")
    print(f"best {describe(fitted.best, recipe.epochs)}")


def _images(cache: PixelCache, split: str) -> Images:
    rows = cache.rows(split)
    images = Images(cache.pixels, rows, cache.labels(rows))
    counts = ", ".join(f"{name} {count}" for name, count in zip(CLASSES, images.counts(), strict=True))
    print(f"{split}: {len(rows)} images ({counts})")
    return images


def _write(target: Path, work: Path, fitted: Fitted, recipe: Recipe, cache: PixelCache, synthetic: bool) -> None:
    """Write the network beside its checkpoints, move it in when whole, and only then let those go."""
    whole = work / "network"
    shutil.rmtree(whole, ignore_errors=True)
    save_network(whole, fitted, recipe, cache.specification, synthetic)
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(whole, target)
    discard(work.parent)  # with what other inputs left there


if __name__ == "__main__":
    run(main)
