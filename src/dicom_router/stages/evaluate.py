"""Stage ``evaluate``: the exported network on the test split."""

from pathlib import Path

from dicom_router.evaluation.bootstrap import Bootstrap
from dicom_router.evaluation.document import evaluation_document
from dicom_router.evaluation.scoring import score_split
from dicom_router.evaluation.writing import one_line, write_evaluation
from dicom_router.params import load_params
from dicom_router.stages.running import run


def main() -> None:
    """Score the test split; write ``reports/test*``."""
    params = load_params()
    settings = Bootstrap.from_params(params.evaluate)
    scored = score_split(Path("artifacts"), "test", params.evaluate.threads)
    document = evaluation_document(scored, settings)
    write_evaluation(Path("reports"), "test", scored, document)
    print(one_line("test", document))


if __name__ == "__main__":
    run(main)
