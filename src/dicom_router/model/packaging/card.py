"""The model card: what the model is for, what it was made of, and how far to trust it."""

from collections.abc import Mapping
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from dicom_router.figures import in_words

Document = Mapping[str, Any]
FIGURES: Final = ("recall", "precision", "f1")


def render_card(specification: Document, test: Document, external: Document, robustness: Document) -> str:
    """Return the card as Markdown.

    Args:
        specification: ``model.json`` without the card's own digest.
        test: ``reports/test.json``.
        external: ``reports/external.json``.
        robustness: ``reports/robustness.json``.
    """
    environment = Environment(
        loader=PackageLoader("dicom_router.model.packaging", ""),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["figure"] = in_words
    environment.filters["row"] = lambda figures: " | ".join(in_words(figures[name]) for name in FIGURES)
    template = environment.get_template("card.md.jinja")
    return template.render(
        model=specification, test=test, external=external, robustness=robustness, weakest=weakest_subgroups(test)
    )


def weakest_subgroups(test: Document, at_least: int = 10, count: int = 5) -> list[tuple[str, int, Document]]:
    """Return name, number of images and accuracy of the ``count`` subgroups with the lowest accuracy.

    Subgroups of fewer than ``at_least`` images are left out: theirs says little.
    """
    found = [
        (f"{attribute} {value}", group["n"], group["accuracy"])
        for attribute, groups in test.get("subgroups", {}).items()
        for value, group in groups.items()
        if group["n"] >= at_least and group["accuracy"]["value"] is not None
    ]
    return sorted(found, key=lambda each: (each[2]["value"], each[0]))[:count]
