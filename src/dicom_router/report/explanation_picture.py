"""One film explained, as a picture: what the page shows, on one sheet."""

import io
import textwrap
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

SIZE: Final = (10.4, 8.2)  # inches
DOTS: Final = 110  # per inch
INK, SOFT, CHOSEN, OTHERS, WARN, RED = "#1b2430", "#5a6675", "#1f63c4", "#b4bcc8", "#8a5a00", "#b3261e"
LINE: Final = 66  # characters

Content = Mapping[str, Any]


def draw(content: Content, warned: Sequence[str]) -> bytes:
    """Return ``content``, what the page shows, as a PNG; what is ``warned`` stands in red above the words."""
    figure = Figure(SIZE, layout="constrained", facecolor="white")
    film, overlay, bars, words = figure.subplots(2, 2, height_ratios=(2.4, 1)).flat
    _show(film, content["film"], "What the network saw")
    strongest = f"strongest: {content['saliency'].largest:.2f} in log-odds"
    _show(overlay, content["overlay"], f"Orange: for {content['label'].lower()}; blue: against it; {strongest}")
    _draw_bars(bars, content["bars"])
    _write(words, content, warned)
    title = f"{content['label']}: {content['result'].decision.action}"
    figure.suptitle(f"{title}\n{content['name']}", color=INK, fontsize=14, parse_math=False)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # of a file's name
        figure.savefig(buffer, format="png", dpi=DOTS, metadata={"Software": None})
    return buffer.getvalue()


def _show(axes: Axes, picture: NDArray[np.uint8], title: str) -> None:
    axes.imshow(picture, cmap="gray", vmin=0, vmax=255)
    axes.set_title(title, color=SOFT, fontsize=10)
    axes.axis("off")


def _draw_bars(axes: Axes, bars: tuple[Any, ...]) -> None:
    places = range(len(bars))
    drawn = axes.barh(places, [bar.share for bar in bars], color=[CHOSEN if bar.chosen else OTHERS for bar in bars])
    axes.bar_label(drawn, [bar.text for bar in bars], padding=4, color=INK)
    axes.set_yticks(places, [bar.name for bar in bars], color=INK)
    axes.set_xlim(0, 1.18)
    axes.set_xticks([])
    axes.invert_yaxis()
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.set_title("Probabilities", color=SOFT, fontsize=10)


def _write(axes: Axes, content: Content, warned: Sequence[str]) -> None:
    """Write decision, header and model."""
    paragraphs = [(RED, line[:1].upper() + line[1:]) for line in warned]
    paragraphs += [(WARN if content["reasons"] else INK, content["decision"])]
    paragraphs += [(WARN if content["result"].disagrees else INK, content["agrees"])]
    paragraphs += [(SOFT, "; ".join(f"{term}: {text}" for term, text in content["header"]))]
    synthetic = " (trained on synthetic films)" if content["result"].synthetic_model else ""
    paragraphs += [(SOFT, f"{content['result'].guarantee}. Model {content['result'].model}{synthetic}.")]
    axes.axis("off")
    height = 1.0
    for colour, text in paragraphs:
        lines = textwrap.wrap(text, LINE)
        axes.text(0, height, "\n".join(lines), color=colour, fontsize=9, va="top", parse_math=False)
        height -= 0.13 * len(lines) + 0.05
