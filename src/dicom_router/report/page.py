"""The page, put together."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from dicom_router import __version__
from dicom_router.labels import CLASSES
from dicom_router.reasons import Reason
from dicom_router.report import charts, verdict, wording
from dicom_router.report.by_class import MEASURES, class_table, confusion_rows
from dicom_router.report.by_subgroup import attributes, uniform
from dicom_router.report.films import SIDES, split_rows
from dicom_router.report.headline import PLAIN, headline
from dicom_router.report.published import SOURCE
from dicom_router.report.risk import risk_chart
from dicom_router.report.robustness import arrivals
from dicom_router.report.sources import Cohort, Sources, read_sources
from dicom_router.report.thumbnails import png_data_uri, whole_png_data_uri
from dicom_router.storage import write_atomically

SEVERITIES: Final = ("critical", "warning", "info")


def write_report(root: Path, out: Path) -> None:
    """Write the page of the stages' files under ``root`` to ``out``; equal files give equal bytes.

    Raises:
        DataError: a file is missing or damaged.
    """
    write_atomically(out, build_report(read_sources(root)).encode("utf-8"))


def build_report(sources: Sources) -> str:
    """Return the page: HTML with everything in it."""
    return environment().get_template("page.html.jinja").render(content(sources))


def environment() -> Environment:
    """Return Jinja with the templates of this folder and the filters they use."""
    jinja = Environment(
        loader=PackageLoader("dicom_router.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.filters |= {
        "number": wording.number,
        "whole": "{:,}".format,
        "signed": wording.signed,
        "percent": wording.percent,
        "percent_up": wording.percent_up,
        "interval": wording.interval,
        "percent_range": wording.percent_range,
        "sure": wording.accuracy_with_interval,
        "few": verdict.few,
        "missing": verdict.missing,
        "data_uri": png_data_uri,
        "whole_data_uri": whole_png_data_uri,
    }
    jinja.globals |= {
        "NAMES": wording.NAMES,
        "CLASSES": CLASSES,
        "SIDES": SIDES,
        "MEASURES": MEASURES,
        "PLAIN": PLAIN,
        "count": wording.count,
    }
    return jinja


def content(sources: Sources) -> Mapping[str, Any]:
    """Return what the templates show."""
    test, external = sources.test.document, sources.external.document
    return {
        "sources": sources,
        "version": __version__,
        "confidence": f"{100 * test['method']['confidence']:g}%",
        "verdict": verdict.sentences(test, external, sources.synthetic),
        "headline": headline(test, external),
        "published": SOURCE,
        "splits": split_rows(sources.splits),
        "expectations": _worst_first(sources.validation["expectations"]),
        "meanings": {reason.value: reason.meaning for reason in Reason},
        "cohorts": [_cohort(cohort) for cohort in (sources.test, sources.external)],
        "arrivals": arrivals(sources.robustness.document, sources.robustness.film),
        "training": list(charts.training_charts(sources.history, sources.network["best_epoch"])),
        "parameters": parameters(sources),
        "hashes": hashes(sources),
    }


def parameters(sources: Sources) -> dict[str, dict[str, Any]]:
    """Return the parameters by stage, as the stages' own files tell them."""
    recipe = dict(sources.network["recipe"])
    nested = {
        f"{key}.{name}": value
        for key, part in recipe.items()
        if isinstance(part, Mapping)
        for name, value in part.items()
    }
    flat = {key: value for key, value in recipe.items() if not isinstance(value, Mapping)}
    return {
        "preprocess": dict(sources.network["preprocessing"]),
        "train": flat | nested,
        "calibrate": {"temperature": sources.calibration["temperature"], "images": sources.calibration["n"]},
        "evaluate": dict(sources.test.document["method"]),
    }


def hashes(sources: Sources) -> dict[str, str]:
    """Return what tells this model, its data and its predictions from any other."""
    model = {"model version": sources.model["version"]} if sources.model else {}
    dataset = {"dataset (sha256)": sources.model["dataset"]["digest"]} if sources.model else {}
    return model | dataset | dict(sources.network["files"]) | dict(sources.digests)


def _cohort(cohort: Cohort) -> dict[str, Any]:
    """Return the sections of one cohort."""
    document, name = cohort.document, cohort.name
    return {
        "name": name,
        "title": wording.COHORTS[name],
        "document": document,
        "classes": class_table(document, name),
        "confusion": confusion_rows(document),
        "charts": [
            charts.roc_chart(f"roc-{name}", cohort.roc, document["classes"]),
            charts.pr_chart(f"pr-{name}", cohort.pr, document["classes"]),
        ],
        "reliability": _of(cohort, charts.reliability_chart(f"reliability-{name}", cohort.reliability, document)),
        "risk": _of(cohort, risk_chart(f"risk-{name}", cohort.risk, document["routing"])),
        "attributes": attributes(document, name),
        "uniform": uniform(document),
        "mistakes": cohort.mistakes,
        "wrong": document["n"] - sum(document["confusion"][place][place] for place in range(len(CLASSES))),
    }


def _of(cohort: Cohort, chart: charts.Chart) -> charts.Chart:
    """Say in the title of a chart, which stands beside another cohort's, whose films it shows."""
    return replace(chart, title=f"{wording.COHORTS[cohort.name]}: {chart.title[0].lower()}{chart.title[1:]}")


def _worst_first(expectations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the broken expectations first, the graver before the others."""
    return sorted(expectations, key=lambda each: (each["success"], SEVERITIES.index(each["severity"])))
