"""The whole of a leaderboard: every training that is missing, then the standing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dicom_router.dataset.table import read_origin
from dicom_router.dicom.preprocessing import PreprocessingSpec
from dicom_router.errors import ModelError, ParameterError
from dicom_router.evaluation.bootstrap import Bootstrap
from dicom_router.evaluation.document import method
from dicom_router.leaderboard.pixels import DATA, Pixels, pixels_for
from dicom_router.leaderboard.plan import Planned
from dicom_router.leaderboard.running import Finished, Tell, folder_of, train
from dicom_router.leaderboard.standing import standing
from dicom_router.params import Params

WORK: Final = Path("work/leaderboard")


@dataclass(frozen=True)
class Contest:
    """What was trained, and what could not be."""

    finished: tuple[Finished, ...]
    failed: tuple[tuple[Planned, str], ...]  # with the reason
    synthetic: bool

    def document(self, settings: Bootstrap) -> dict[str, Any]:
        """Return the leaderboard as JSON takes it.

        Raises:
            ParameterError: no training was possible.
            DataError: there is no validation film to rank by.
        """
        if not self.finished:
            reasons = "; ".join(f"{planned.title}: {reason}" for planned, reason in self.failed)
            raise ParameterError(f"nothing could be trained: {reasons or 'no network, recipe or seed was named'}")
        return {
            "synthetic": self.synthetic,
            **standing(self.finished, settings),
            "failed": [{"entry": planned.title, "reason": reason} for planned, reason in self.failed],
            "method": method(settings),
        }


def compete(planned: Sequence[Planned], params: Params, tell: Tell) -> Contest:
    """Train what no earlier call has finished; one that cannot be trained is told and the others go on."""
    synthetic = read_origin(DATA).synthetic
    specs = dict.fromkeys(each.spec for each in planned)
    pixels = {spec: pixels_for(spec, WORK / "pixels", params.preprocess, tell) for spec in specs}
    finished: list[Finished] = []
    failed: list[tuple[Planned, str]] = []
    for number, each in enumerate(planned, start=1):
        tell(f"training {number} of {len(planned)}: {each.title}")
        try:
            finished.append(_finish(each, pixels, synthetic, tell))
        except (ParameterError, ModelError) as error:
            failed.append((each, str(error)))
            tell(f"{each.title} cannot be trained: {error}")
    return Contest(tuple(finished), tuple(failed), synthetic)


def _finish(each: Planned, pixels: Mapping[PreprocessingSpec, Pixels], synthetic: bool, tell: Tell) -> Finished:
    """Return what an earlier call finished, or train."""
    folder = folder_of(each, pixels[each.spec], WORK / "runs")
    earlier = Finished.read(each, folder)
    if earlier is not None:
        tell(f"{each.title} was finished by an earlier run")
        return earlier
    return train(each, pixels[each.spec], folder, synthetic, tell)
