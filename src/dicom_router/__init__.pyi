from collections.abc import Mapping

from dicom_router.finding import find as find
from dicom_router.model.answers import Result as Result
from dicom_router.model.in_cells import Loading as Loading
from dicom_router.model.in_cells import classify_in_cells as classify_in_cells
from dicom_router.model.inference import Classifier as Classifier

__version__: str
HOMES: Mapping[str, str]
