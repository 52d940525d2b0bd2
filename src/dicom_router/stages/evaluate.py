"""Stage ``evaluate``: the exported network on the test split."""

from pathlib import Path

from dicom_router.evaluation.bootstrap import Bootstrap
from dicom_router.evaluation.document import evaluation_document
from dicom_router.evaluation.reading import read_json
from dicom_router.evaluation.routing import routing_document
from dicom_router.evaluation.scoring import score_split
from dicom_router.evaluation.writing import one_line, routing_line, write_evaluation, write_routing
from dicom_router.model.answers import guarantee_of
from dicom_router.params import load_params
from dicom_router.stages.running import run


def main() -> None:
    """Score the test split; write ``reports/test*``."""
    params = load_params()
    settings = Bootstrap.from_params(params.evaluate)
    scored = score_split(Path("artifacts"), "test", params.evaluate.threads)
    guarantee = guarantee_of(read_json(Path("artifacts/calibration/calibration.json")))
    document = evaluation_document(scored, settings)
    document["routing"] = routing_document(scored.table, guarantee, settings)
    write_evaluation(Path("reports"), "test", scored, document)
    write_routing(Path("reports"), "test", scored.table, settings)
    print(one_line("test", document))
    print(routing_line("test", document["routing"]))


if __name__ == "__main__":
    run(main)
