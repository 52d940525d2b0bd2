"""The trainings of a leaderboard as MLflow shows them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from dicom_router.evaluation.confusion import accuracy, counts, f1, image_counts, macro, precision, recall
from dicom_router.leaderboard.running import COHORTS, Finished, recipe_facts
from dicom_router.registry.leaderboard import Training, publish

__all__ = ["record"]


def record(finished: Sequence[Finished], synthetic: bool, files: Sequence[Path]) -> str:
    """Record what MLflow does not have yet, and the ``files`` of the board; return the experiment's address.

    Raises:
        RegistryUnreachable: MLflow does not answer.
        RegistryError: it refuses.
    """
    return publish([_training(run, synthetic) for run in finished], files)


def _training(run: Finished, synthetic: bool) -> Training:
    entrant = run.planned.entrant
    times = {"training_seconds": run.training_seconds, "seconds_per_image": run.seconds_per_image}
    return Training(
        inputs=run.folder.name,
        name=run.planned.title,
        parameters=recipe_facts(run.planned),
        figures={**times, "parameters": float(run.parameters), **dict(_figures(run))},
        history=run.history(),
        tags={"network": entrant.network, "recipe": entrant.recipe, "synthetic": str(synthetic).lower()},
    )


def _figures(run: Finished) -> Iterator[tuple[str, float]]:
    """Yield the figures of each cohort that has films, under the names of the other experiment."""
    for cohort in COHORTS:
        predictions = run.predictions(cohort)
        if len(predictions.labels):
            sums = counts(image_counts(predictions).sum(axis=0))
            yield f"{cohort}.accuracy", float(accuracy(sums))
            for name, function in (("recall", recall), ("precision", precision), ("f1", f1)):
                yield f"{cohort}.macro.{name}", float(macro(function(sums)))
