"""The error among routed films over the share that is routed."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from dicom_router.report.charts import Chart, Series
from dicom_router.report.geometry import Frame, frame, round_step
from dicom_router.report.wording import number, percent


def risk_chart(key: str, table: pd.DataFrame, routing: Mapping[str, Any]) -> Chart:
    """Draw ``risk.csv``, with the error asked for and the rule in use."""
    guarantee = routing["guarantee"]
    worst = max([guarantee["maximum_error"], *table["error"], *table["patient_error"]])
    step = round_step(1.25 * worst / 4)
    drawing = frame((0.0, 1.0), (0.0, 4 * step))
    return Chart(
        key,
        "Error over share routed",
        f"From the surest film down: of the films routed, the share that is wrong, with its exact interval; and of the"
        f" patients with a film routed, those with a wrong one. The level line is the error asked for,"
        f" {percent(guarantee['maximum_error'])}; the dot is the rule in use. Outliers are never routed.",
        "share of films routed",
        "share that is wrong",
        drawing,
        tuple(_series(table, routing, drawing)),
        guides=(drawing.points((0, 1), (guarantee["maximum_error"],) * 2),),
    )


def _series(table: pd.DataFrame, routing: Mapping[str, Any], drawing: Frame) -> list[Series]:
    share = table["share_routed"]
    films, patients = routing["error_among_routed"]["value"], routing["patients"]["error"]["value"]
    around = drawing.points([*share, *share[::-1]], [*table["high"], *table["low"][::-1]])
    dots = () if films is None else ((drawing.x.at(routing["share_routed"]["value"]), drawing.y.at(films), 4.5),)
    of_patients = drawing.points(share, table["patient_error"])
    return [
        Series("line0", "films", number(films), drawing.points(share, table["error"]), dots, band=around),
        Series("line1", "patients", number(patients), of_patients),
    ]
