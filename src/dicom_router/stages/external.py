"""Stage ``external``: the exported network on the films of other hospitals, and what they cost."""

from pathlib import Path

from dicom_router.evaluation.bootstrap import Bootstrap
from dicom_router.evaluation.difference import difference
from dicom_router.evaluation.document import evaluation_document
from dicom_router.evaluation.predictions import Predictions
from dicom_router.evaluation.reading import read_json, read_predictions
from dicom_router.evaluation.routing import routing_document
from dicom_router.evaluation.scoring import score_split
from dicom_router.evaluation.writing import one_line, routing_line, write_evaluation, write_routing
from dicom_router.model.answers import guarantee_of
from dicom_router.params import load_params
from dicom_router.stages.running import run


def main() -> None:
    """Score the external split; write ``reports/external*`` with the difference to the test split."""
    params = load_params()
    settings = Bootstrap.from_params(params.evaluate)
    internal = read_predictions(Path("reports/test_predictions.parquet"))
    scored = score_split(Path("artifacts"), "external", params.evaluate.threads)
    guarantee = guarantee_of(read_json(Path("artifacts/calibration/calibration.json")))
    document = evaluation_document(scored, settings)
    document["routing"] = routing_document(scored.table, guarantee, settings)
    document["difference"] = difference(Predictions.from_table(scored.table), internal, settings)
    write_evaluation(Path("reports"), "external", scored, document)
    write_routing(Path("reports"), "external", scored.table, settings)
    print(one_line("external", document))
    print(routing_line("external", document["routing"]))


if __name__ == "__main__":
    run(main)
