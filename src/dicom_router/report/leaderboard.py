"""The leaderboard as a page and as Markdown, the paper's rows beside ours."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from dicom_router import __version__
from dicom_router.report.page import environment
from dicom_router.report.published import DEFECTIVE, SECONDS_PER_IMAGE, SOURCE, TABLE, TABLE_SOURCE
from dicom_router.report.wording import interval, number, signed
from dicom_router.storage import write_atomically

Document = Mapping[str, Any]

FIGURES: Final = ("recall", "precision", "f1")
HEADINGS: Final = (
    "", "network", "recipe", "validation F1", "test recall", "test precision", "test F1", "external F1",
    "against the best, test F1", "ms/image", "parameters", "training",
)  # fmt: skip
PAPERS_NOTE: Final = (
    "Figures of the paper are of other films (VinDr-BodyPartXR), another split, by image and not by patient, and one"
    " training each: they stand beside ours for orientation and no difference between the two is told."
)
DEFECT_NOTE: Final = (
    "The paper's two ResNet rows most likely come from a defect: the released block ends in relu(identity) and throws"
    " its convolutions away."
)


def write_leaderboard(page: Path, markdown: Path, document: Document) -> None:
    """Write the page and its Markdown; equal documents give equal bytes."""
    content = {"board": document, "published": published(), "notes": notes(document), "version": __version__}
    html = (
        environment()
        .get_template("leaderboard.html.jinja")
        .render(**content, duration=duration, milliseconds=milliseconds, spread=spread)
    )
    write_atomically(page, html.encode("utf-8"))
    write_atomically(markdown, as_markdown(document).encode("utf-8"))


def published() -> list[dict[str, Any]]:
    """Return the paper's rows, cited: ``figures`` as ours are, ``defective`` where its block was."""
    return [
        {
            "network": name,
            "figures": {kind: dict(zip(("value", "low", "high"), row[kind], strict=True)) | {"reason": "misprinted"}
                        for kind in FIGURES},
            "defective": name in DEFECTIVE,
        }
        for name, row in TABLE.items()
    ]  # fmt: skip


def notes(document: Document) -> list[str]:
    """Return how the figures are to be read."""
    method, rows = document["method"], document["rows"]
    seeds = max(len(row["seeds"]) for row in rows)
    return [
        f"Ranked by macro F1 on validation, which also chose each training's epoch; test and external chose nothing."
        f" A row is the mean over {seeds} seed{'' if seeds == 1 else 's'} of the training; in brackets the"
        f" {method['confidence'] * 100:g}% interval over {method['unit']}s ({method['resamples']:,} resamples). How far"
        " another seed moves a figure is not in the interval: the range of F1 over the seeds says it.",
        "Against the best: test F1 minus that of the first row, the same patients drawn for both; p-values corrected by"
        " Holm over all rows. A row within noise may be as good as the first.",
        "ms/image: median of one image at a time in ONNX Runtime on one core, read and preprocessed already. Times are"
        f" of the machine that trained ({', '.join(dict.fromkeys(row['device'] for row in rows))}).",
        PAPERS_NOTE,
        DEFECT_NOTE,
    ]


def as_markdown(document: Document) -> str:
    """Return the leaderboard as Markdown."""
    return "\n".join(_lines(document)) + "\n"


def _lines(document: Document) -> Iterator[str]:
    yield from ("# Leaderboard", "")
    if document["synthetic"]:
        yield from ("**Synthetic films: the figures say nothing about real ones.**", "")
    sizes = document["cohorts"]
    yield "; ".join(f"{name}: {size['films']:,} films of {size['patients']:,} patients" for name, size in sizes.items())
    yield from ("", *_table(HEADINGS, [_cells(row) for row in document["rows"]]), "")
    for failed in document["failed"]:
        yield from (f"Not trained: {failed['entry']} ({failed['reason']})", "")
    yield from ("## The paper", "")
    cells = [[row["network"], *(_figure(row["figures"][kind]) for kind in FIGURES)] for row in published()]
    yield from _table(("network", "recall", "precision", "F1"), cells)
    yield from ("", f"{TABLE_SOURCE}. {SOURCE}: {1000 * SECONDS_PER_IMAGE:.1f} ms/image, on a device not named.", "")
    yield from (f"- {note}" for note in notes(document))


def _table(headings: tuple[str, ...], rows: list[list[str]]) -> Iterator[str]:
    for cells in (headings, ["---"] * len(headings), *rows):
        yield f"| {' | '.join(cells)} |"


def _cells(row: Document) -> list[str]:
    return [
        str(row["rank"]),
        row["network"],
        f"{row['recipe']}, {row['image_size']} px, {len(row['seeds'])} seed{'' if len(row['seeds']) == 1 else 's'}",
        f"{_figure(row['validation']['f1'])}; {spread(row['validation'])}",
        *(_figure(row["test"][kind]) for kind in FIGURES),
        _figure(row["external"]["f1"]),
        against(row["against_best"]),
        milliseconds(row["seconds_per_image"]),
        f"{row['parameters'] / 1e6:.2f} M",
        duration(row["training_seconds"]),
    ]


def _figure(figure: Document) -> str:
    return f"{number(figure['value'])} ({interval(figure)})"


def against(comparison: Document | None) -> str:
    """Return a comparison in words; the best has none."""
    if comparison is None:
        return "the best"
    figure = comparison["f1"]
    range_ = "" if figure["low"] is None else f" ({signed(figure['low'])} to {signed(figure['high'])})"
    p = "" if comparison["p_holm"] is None else f", p {comparison['p_holm']:.2g}"
    return f"{signed(figure['value'])}{range_}{p}: {comparison['verdict']}"


def spread(cohort: Document) -> str:
    """Return the range of F1 over the seeds."""
    scores = [score for score in cohort["f1_of_seeds"] if score is not None]
    return f"seeds {number(min(scores))} to {number(max(scores))}" if scores else "no film"


def milliseconds(seconds: float) -> str:
    """Return ``3.7``."""
    return f"{1000 * seconds:.1f}"


def duration(seconds: float) -> str:
    """Return ``45 s``, ``12 min`` or ``1.5 h``."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
