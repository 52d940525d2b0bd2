"""What a run came to, as rows that a page can show."""

import json
from pathlib import Path
from typing import Final

from dicom_router.figures import in_words

DOCUMENTS: Final = {"test": Path("reports/test.json"), "external": Path("reports/external.json")}
FIGURES: Final = ("accuracy", "log_loss", "brier", "ece")
MACRO: Final = ("recall", "precision", "f1")


def rows(folder: Path) -> list[dict[str, str]]:
    """Return a row for each figure of the pipeline in ``folder``, a column for each cohort that was evaluated."""
    columns = {name: _figures(folder / path) for name, path in DOCUMENTS.items() if (folder / path).is_file()}
    names = next(iter(columns.values()), {})
    return [{"figure": name, **{cohort: figures[name] for cohort, figures in columns.items()}} for name in names]


def _figures(path: Path) -> dict[str, str]:
    document = json.loads(path.read_text(encoding="utf-8"))  # evaluation.reading would import pandas
    figures = {f"macro {name}": in_words(document["macro"][name]) for name in MACRO}
    figures |= {name: in_words(document[name]) for name in FIGURES}
    figures |= {f"recall of {name}": in_words(figure["recall"]) for name, figure in document["classes"].items()}
    return {"images": f"{document['n']:,}", **figures}
