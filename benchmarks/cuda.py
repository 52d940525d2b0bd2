"""CUDA beside the CPU, the same films and the same model: ``python -m benchmarks cuda [--model FOLDER]``.

Prints by how much a probability differs, how many labels and decisions do, and milliseconds a film by the clock; ends
with exit code 1 if an answer differs. Needs onnxruntime-gpu in place of onnxruntime, and an NVIDIA GPU; elsewhere it
says so and measures nothing. ``--model`` is a folder of the package stage; without it weights are random.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.classify import IN_THE_MIX, NETWORK, write_films
from benchmarks.throughput import write_model
from dicom_router import Classifier, Result
from dicom_router.errors import ModelError
from dicom_router.model.device import Device

ROUNDS = 5


def answers(model: Path, device: Device, films: Sequence[Path]) -> tuple[list[Result], float]:
    """Return the answers, and the least seconds that a round over the films took after one to warm up."""
    classifier = Classifier.load(model, allow_synthetic=True, device=device)
    results, seconds = list(classifier.classify(films)), []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        results = list(classifier.classify(films))
        seconds.append(time.perf_counter() - start)
    return results, min(seconds)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--network", default=NETWORK)
    parser.add_argument("--image-size", type=int, default=224)
    options = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        films = [path for (syntax, _), path in write_films(folder).items() if syntax in IN_THE_MIX]
        model = options.model or write_model(folder / "model", options.network, options.image_size)
        try:
            ours, seconds = answers(model, "cuda", films)
        except ModelError as error:
            print(f"nothing is measured: {error}")
            return
        plain, plain_seconds = answers(model, "cpu", films)
    pairs = list(zip(ours, plain, strict=True))
    difference = max(np.abs(np.subtract(one.probabilities, other.probabilities)).max() for one, other in pairs)
    others = sum((one.label, one.decision) != (other.label, other.decision) for one, other in pairs)
    print(f"{len(films)} films: a probability differs by up to {difference:.1e}, label or decision of {others}")
    print(f"{1e3 * seconds / len(films):.1f} ms a film with CUDA, {1e3 * plain_seconds / len(films):.1f} on one core")
    raise SystemExit(others > 0)


if __name__ == "__main__":
    main()
