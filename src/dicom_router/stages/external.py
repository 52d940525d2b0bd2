"""Stage ``external``: the exported network on the films of other hospitals, and what they cost."""

from pathlib import Path

from dicom_router.evaluation.bootstrap import Bootstrap
from dicom_router.evaluation.difference import difference
from dicom_router.evaluation.document import evaluation_document
from dicom_router.evaluation.predictions import Predictions
from dicom_router.evaluation.reading import read_predictions
from dicom_router.evaluation.scoring import score_split
from dicom_router.evaluation.writing import one_line, write_evaluation
from dicom_router.params import load_params
from dicom_router.stages.running import run


def main() -> None:
    """Score the external split; write ``reports/external*`` with the difference to the test split."""
    params = load_params()
    settings = Bootstrap.from_params(params.evaluate)
    internal = read_predictions(Path("reports/test_predictions.parquet"))
    scored = score_split(Path("artifacts"), "external", params.evaluate.threads)
    document = evaluation_document(scored, settings)
    document["difference"] = difference(Predictions.from_table(scored.table), internal, settings)
    write_evaluation(Path("reports"), "external", scored, document)
    print(one_line("external", document))


if __name__ == "__main__":
    run(main)
