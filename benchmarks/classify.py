"""From a DICOM file on disk to a decision on one core, beside the plain way: ``python -m benchmarks classify``.

The plain way: pydicom's ``pixel_array`` with the decoders it finds (gdcm, pylibjpeg, Pillow), ``apply_modality_lut``,
``apply_voi_lut``, Pillow's ``resize``, the network in eager PyTorch. Ours: ``preprocess_file`` and ONNX Runtime. The
same network with the same random weights. The films are one film of the synthetic sample, enlarged, with the noise of
a detector, in every syntax and in a few sizes and bit depths. Both ways run in turn; figures are the least processor
time of several runs, which is what the clock shows when nothing else runs.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy and torch start their threads

import argparse
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import geometric_mean, median
from tempfile import TemporaryDirectory
from typing import Final

import imagecodecs
import numpy as np
import pydicom
import torch
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.uid import UID, DigitalXRayImageStorageForPresentation, HTJ2KLossless, JPEG2000Lossless, generate_uid

from dicom_router.dicom.preprocessing import PreprocessingSpec, preprocess_file
from dicom_router.model.network import Network
from dicom_router.model.session import open_session
from dicom_router.model.training.export import export_onnx
from dicom_router.model.training.networks import RouterNetwork, create_network
from dicom_router.sample.coding import SYNTAXES, Stored
from dicom_router.sample.cohort import plan
from dicom_router.sample.making import film_of

SIZES: Final = ((2500, 2000, 10), (2500, 2000, 12), (3000, 3000, 12), (3000, 3000, 16))
NETWORK: Final = "mobilenetv1_100"  # the best one of the paper
NOISE: Final = 0.004  # standard deviation at full exposure, of full scale


@dataclass(frozen=True)
class Coding:
    """A transfer syntax, how a film gets into it, and the ratio that is aimed at."""

    uid: UID
    encode: Callable[[Stored, int], bytes] | None
    target: float | None = None


CODINGS: Final[Mapping[str, Coding]] = {
    "uncompressed": Coding(SYNTAXES["explicit"].uid, None, 5),
    "RLE": Coding(SYNTAXES["rle"].uid, SYNTAXES["rle"].encode, 2.5),
    "JPEG baseline": Coding(SYNTAXES["jpeg"].uid, SYNTAXES["jpeg"].encode, 5),
    "JPEG Lossless": Coding(SYNTAXES["jpeg_lossless"].uid, SYNTAXES["jpeg_lossless"].encode, 2.5),
    "JPEG-LS": Coding(SYNTAXES["jpeg_ls"].uid, SYNTAXES["jpeg_ls"].encode, 1.7),
    "JPEG 2000 lossless": Coding(
        JPEG2000Lossless,
        lambda pixels, bits: bytes(
            imagecodecs.jpeg2k_encode(pixels, 0, codecformat="j2k", reversible=True, bitspersample=bits)
        ),
        20,
    ),
    "HTJ2K lossless": Coding(
        HTJ2KLossless, lambda pixels, bits: bytes(imagecodecs.htj2k_encode(pixels, reversible=True))
    ),
}
IN_THE_MIX: Final = tuple(name for name, coding in CODINGS.items() if coding.target is not None)


def film_pixels(rows: int, columns: int, bits: int) -> Stored:
    """Return a synthetic film, enlarged, as a detector of ``bits`` bits would store it."""
    order = next(order for order in plan(1, 50) if order.label == "adult_chest")
    film = Image.fromarray(film_of(order).pixels.astype(np.float32)).resize((columns, rows), Image.Resampling.BICUBIC)
    exposed = 0.08 + 0.84 * np.clip(np.asarray(film, np.float64), 0, 1)
    noisy = exposed + np.random.default_rng(0).normal(0, NOISE, exposed.shape) * np.sqrt(exposed)
    words: Stored = np.rint(np.clip(noisy, 0, 1) * ((1 << bits) - 1)).astype(np.uint8 if bits == 8 else np.uint16)
    return words


def write_film(path: Path, pixels: Stored, bits: int, coding: Coding) -> None:
    """Write a DX film of ``pixels`` with a window that cuts off the darkest and the brightest."""
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID, ds.Modality = DigitalXRayImageStorageForPresentation, generate_uid(), "DX"
    ds.Rows, ds.Columns = pixels.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PixelRepresentation = 1, "MONOCHROME2", 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 8 * pixels.itemsize, bits, bits - 1
    ds.RescaleSlope, ds.RescaleIntercept = 1, 0
    ds.WindowCenter, ds.WindowWidth = 0.5 * (1 << bits), 0.8 * (1 << bits)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = coding.uid
    ds.PixelData = pixels.tobytes() if coding.encode is None else encapsulate([coding.encode(pixels, bits)])
    ds["PixelData"].VR = "OW" if coding.encode is None else "OB"
    ds.save_as(path, enforce_file_format=True)


def write_films(folder: Path) -> dict[tuple[str, tuple[int, int, int]], Path]:
    """Write a film in every coding, size and bit depth; JPEG baseline has 8 bits."""
    paths = {}
    for size in SIZES:
        rows, columns, bits = size
        whole = film_pixels(rows, columns, bits)
        for name, coding in CODINGS.items():
            narrow = name == "JPEG baseline"
            paths[name, size] = folder / f"{name}-{rows}x{columns}x{bits}.dcm"
            pixels: Stored = (whole >> (bits - 8)).astype(np.uint8) if narrow else whole
            write_film(paths[name, size], pixels, 8 if narrow else bits, coding)
    return paths


def plainly(path: Path, network: RouterNetwork, image_size: int) -> int:
    """Return the class of one film, as a tutorial would get it."""
    ds = pydicom.dcmread(path)
    pixels = apply_voi_lut(apply_modality_lut(ds.pixel_array, ds), ds)
    grey = (pixels - pixels.min()) / max(pixels.max() - pixels.min(), 1) * 255
    image = Image.fromarray(grey.astype(np.uint8)).resize((image_size, image_size), Image.Resampling.BILINEAR)
    with torch.inference_mode():
        logits = network(torch.from_numpy(np.asarray(image, np.float32) / 255)[None, None])
    return int(logits.argmax())


def ours(path: Path, network: Network) -> int:
    """Return the class of one film."""
    return int(network.logits(preprocess_file(path, network.preprocessing).pixels[np.newaxis]).argmax())


def seconds(run: Callable[[], object], runs: int) -> float:
    """Return the least processor time of ``runs`` runs."""
    times = []
    for _ in range(runs):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times)


def networks(folder: Path, name: str, image_size: int) -> tuple[RouterNetwork, Network]:
    """Return the network ``name``, random weights, for PyTorch and for ONNX Runtime."""
    torch.manual_seed(0)
    network = create_network(name, image_size).eval()
    features = export_onnx(network, image_size, folder / "network.onnx")
    specification = {
        "preprocessing": PreprocessingSpec(image_size, "letterbox").to_dict(),
        "num_features": features,
    }
    return network, Network(specification, open_session(folder / "network.onnx"))


def measure(
    paths: Mapping[tuple[str, tuple[int, int, int]], Path], folder: Path, name: str, image_size: int, runs: int
) -> None:
    """Print a row for every syntax: milliseconds of either way by size, and the ratio."""
    torch_network, network = networks(folder, name, image_size)
    print(f"\n{name}, {image_size} x {image_size}, milliseconds of one core, plain / ours")
    print("| | " + " | ".join("{}x{}, {} bits".format(*size) for size in SIZES) + " | ratio | target |")
    print("|---|" + "---|" * (len(SIZES) + 2))
    ratios, mix = [], []
    for syntax, coding in CODINGS.items():
        times = []
        for size in SIZES:
            path = paths[syntax, size]
            plain = seconds(lambda path=path: plainly(path, torch_network, image_size), max(2, runs // 3))
            times.append((plain, seconds(lambda path=path: ours(path, network), runs)))
        ratio = geometric_mean(plain / our for plain, our in times)
        if syntax in IN_THE_MIX:
            ratios.append(ratio)
            mix += [our for _, our in times]
        cells = " | ".join(f"{1e3 * plain:.0f} / {1e3 * our:.1f}" for plain, our in times)
        print(f"| {syntax} | {cells} | {ratio:.1f} | {coding.target or ''} |", flush=True)
    print(f"geometric mean of the ratios {geometric_mean(ratios):.1f}, median of the mix {1e3 * median(mix):.1f} ms")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--network", default=NETWORK)
    parser.add_argument("--image-sizes", type=int, nargs="+", default=[224, 512])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with TemporaryDirectory() as folder:
        paths = write_films(Path(folder))
        for image_size in arguments.image_sizes:
            measure(paths, Path(folder), arguments.network, image_size, arguments.runs)


if __name__ == "__main__":
    main()
