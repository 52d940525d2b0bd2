"""``params.yaml`` as one frozen object: an unknown key or a wrong value is an error that says what is accepted."""

from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import YAMLError

from dicom_router.errors import ParameterError

Fraction = Annotated[float, Field(gt=0.0, lt=1.0)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Jobs = Annotated[int, Field(ge=-1)]
Timeout = Annotated[float, Field(ge=1, le=86_400)]
CostRow = Annotated[list[Annotated[float, Field(ge=0, le=1e6)]], Field(min_length=5, max_length=5)]


class Section(BaseModel):
    """A section of params.yaml: frozen, strict about types, closed to unknown keys."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Labelling(Section):
    """Where labels draw their lines."""

    adult_from_years: Annotated[float, Field(gt=0, le=25)]
    borderline_from_years: Annotated[float, Field(ge=0)]

    @model_validator(mode="after")
    def _borderline_is_younger(self) -> Self:
        if self.borderline_from_years > self.adult_from_years:
            raise ValueError("borderline_from_years must not be above adult_from_years")
        return self


class Validation(Section):
    """Thresholds of the expectations (pydantic's models have a method ``validate``, hence the name)."""

    jobs: Jobs
    timeout: Timeout
    max_lost_share: Share
    min_images_per_class: Annotated[int, Field(ge=0)]
    max_images_per_patient: Annotated[int, Field(ge=1)]
    min_side: Annotated[int, Field(ge=1)]
    max_side: Annotated[int, Field(ge=1)]
    max_aspect_ratio: Annotated[float, Field(ge=1)]
    min_bits: Annotated[int, Field(ge=1, le=16)]
    max_age_years: Annotated[float, Field(gt=0)]
    max_age_difference: Annotated[float, Field(ge=0)]
    min_body_part_agreement: Share
    min_mean: Share
    max_mean: Share
    max_black_fraction: Share
    max_white_fraction: Share
    min_contrast: Share
    near_duplicate_distance: Annotated[int, Field(ge=0, le=127)]
    near_duplicate_correlation: Annotated[float, Field(gt=0, le=1)]


class Split(Section):
    """Shares of the internal patients."""

    seed: Seed
    train: Fraction
    validation: Fraction
    calibration: Fraction
    test: Fraction

    @model_validator(mode="after")
    def _shares_sum_to_one(self) -> Self:
        total = self.train + self.validation + self.calibration + self.test
        if abs(total - 1.0) > 1e-9:
            raise ValueError(f"train + validation + calibration + test is {total:g}; it must be 1")
        return self


class Preprocess(Section):
    """How a film becomes the network's input."""

    image_size: Annotated[int, Field(ge=32, le=2048)]
    fit: Literal["letterbox", "stretch"]
    jobs: Jobs
    timeout: Timeout


class Augmentation(Section):
    """How far a training image is varied; the meaning of each stands in model/training/recipe.py."""

    flip: Share
    rotation: Annotated[float, Field(ge=0, le=180)]
    rotation_from: Annotated[float, Field(ge=0, le=180)]
    shift: Annotated[float, Field(ge=0, le=0.5)]
    scale: Annotated[float, Field(ge=0, le=0.5)]
    gain: Annotated[float, Field(ge=0, lt=1)]
    contrast: Annotated[float, Field(ge=0, lt=1)]
    gamma: Annotated[float, Field(ge=0, le=4)]
    invert: Share
    quarter_turn: Share

    @model_validator(mode="after")
    def _rotation_is_a_range(self) -> Self:
        if self.rotation_from > self.rotation:
            raise ValueError("rotation_from must not be above rotation")
        return self


class Train(Section):
    """How the network is trained; the meaning of each stands in model/training/recipe.py."""

    network: Annotated[str, Field(min_length=1)]
    weights: Annotated[str, Field(min_length=1)]
    channels: Literal[1, 3]
    normalisation: Literal["centred", "imagenet", "none"]
    epochs: Annotated[int, Field(ge=1, le=10_000)]
    batch_size: Annotated[int, Field(ge=2, le=65_536)]
    optimizer: Literal["adam", "adamw", "sgd"]
    learning_rate: Annotated[float, Field(gt=0, le=10)]
    weight_decay: Annotated[float, Field(ge=0, le=1)]
    decayed: Literal["weights", "all"]
    schedule: Literal["one_cycle", "cosine"]
    warmup: Fraction
    balance: Literal["none", "class_weights", "sampler"]
    label_smoothing: Annotated[float, Field(ge=0, lt=1)]
    select: Literal["macro_f1", "accuracy"]
    patience: Annotated[int, Field(ge=1)]
    gradient_clip: Annotated[float, Field(ge=0)]
    gradient_clip_by: Literal["norm", "value"]
    ema_decay: Annotated[float, Field(ge=0, lt=1)]
    seed: Seed
    threads: Annotated[int, Field(ge=1, le=256)]
    accelerator: Literal["auto", "cpu", "gpu"]
    devices: Annotated[int, Field(ge=1, le=64)]
    compile: bool
    precision: Literal["auto", "32-true", "bf16-mixed", "16-mixed"]
    augmentation: Augmentation


class Costs(Section):
    """What a wrong route costs, in looks by a person: a row for each true class, columns in the order of CLASSES."""

    abdomen: CostRow
    adult_chest: CostRow
    pediatric_chest: CostRow
    spine: CostRow
    other: CostRow

    @model_validator(mode="after")
    def _a_mistake_costs_two_looks(self) -> Self:
        for place, (name, row) in enumerate(self):
            if row[place] != 0:
                raise ValueError(f"{name} routed as {name} costs {row[place]:g}; it must be 0")
            if min(cost for other, cost in enumerate(row) if other != place) < 2:
                raise ValueError(f"a mistake about {name} costs less than 2 looks; each must cost 2 or more")
        return self


class Calibrate(Section):
    """When a temperature is fitted, and when a film is sent to review."""

    minimum_images: Annotated[int, Field(ge=1)]
    maximum_error: Fraction
    confidence: Fraction
    outlier_share: Fraction
    costs: Costs


class Package(Section):
    """How far the exported network may be from the trained one."""

    tolerance: Annotated[float, Field(gt=0, lt=1)]


class Evaluate(Section):
    """How the network is run on held-out images, and how intervals are computed."""

    resamples: Annotated[int, Field(ge=100)]
    confidence: Fraction
    minimum_patients: Annotated[int, Field(ge=2)]
    seed: Seed
    threads: Annotated[int, Field(ge=1, le=256)]


class Gate(Section):
    """What a version must show to be called challenger; no stage reads it, registry/gate.py does."""

    minimum_patients: Annotated[int, Field(ge=1)]
    recall: Share
    margin: Share
    log_loss: Annotated[float, Field(gt=0)]
    brier: Annotated[float, Field(gt=0, le=2)]
    external_accuracy: Share


class Robustness(Section):
    """Which test films are perturbed, and what is asked for."""

    patients: Annotated[int, Field(ge=1)]
    target: Share
    seed: Seed
    jobs: Jobs
    timeout: Timeout


class Floors(Section):
    """The least change that counts, however certain it is; what each is a share of stands in monitoring/drift/."""

    mix: Share
    share: Share
    amount: Share
    embedding: Share
    volume: Annotated[float, Field(gt=0)]
    quarantine: Share


class Drift(Section):
    """When a site's films count as changed."""

    minimum_studies: Annotated[int, Field(ge=5)]
    week: Annotated[int, Field(ge=2, le=60)]
    reference_studies: Annotated[int, Field(ge=20)]
    reviewed_films: Annotated[int, Field(ge=1)]
    significance: Fraction
    week_significance: Fraction
    at_once_significance: Fraction
    flagged_nights: Annotated[int, Field(ge=1)]
    of_nights: Annotated[int, Field(ge=1)]
    silent_days: Annotated[int, Field(ge=1)]
    floors: Floors
    embedding_studies: Annotated[int, Field(ge=20, le=2000)]
    permutations: Annotated[int, Field(ge=100, le=100_000)]
    seed: Seed
    shown_nights: Annotated[int, Field(ge=2, le=400)]
    green: Literal["never", "weekly", "nightly"]

    @model_validator(mode="after")
    def _nights_can_be_flagged(self) -> Self:
        if self.flagged_nights > self.of_nights:
            raise ValueError("flagged_nights must not be above of_nights")
        return self


class Monitoring(Section):
    """What hospitals deliver, and when it is scored; no stage reads it, monitoring/ does."""

    inbox: Annotated[str, Field(min_length=1)]
    quiet_seconds: Annotated[float, Field(ge=0, le=86_400)]
    days: Annotated[int, Field(ge=1, le=3650)]
    cron: Annotated[str, Field(pattern=r"^(\S+ ){4,5}\S+$")]
    timezone: str
    jobs: Jobs
    timeout: Timeout
    drawn_films: Annotated[int, Field(ge=0, le=100_000)]
    drift: Drift

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ValueError, OSError, KeyError):
            raise ValueError("it must be a name of the IANA database, such as UTC or Europe/Berlin") from None
        return name


class Params(Section):
    """All of params.yaml."""

    labelling: Labelling
    validation: Validation
    split: Split
    preprocess: Preprocess
    train: Train
    calibrate: Calibrate
    evaluate: Evaluate
    robustness: Robustness
    package: Package
    gate: Gate
    monitoring: Monitoring


def load_params(path: Path = Path("params.yaml")) -> Params:
    """Read ``path``, YAML 1.2 (so that ``1e-4`` is a number).

    Raises:
        ParameterError: the file is missing or no YAML, or a key or value is not accepted.
    """
    try:
        values = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ParameterError(f"{path} is missing; run from the folder that holds dvc.yaml and params.yaml") from None
    except DuplicateKeyError as error:
        raise ParameterError(f"{path}: {error.problem}; each key may stand once") from None
    except YAMLError as error:
        raise ParameterError(f"{path} is no YAML: {error}") from None
    try:
        return Params.model_validate(values)
    except ValidationError as error:
        raise ParameterError("\n".join(_explain(path, problem) for problem in error.errors())) from None


def _explain(path: Path, problem: ErrorDetails) -> str:
    """Say which parameter is wrong, what stands there, and what is accepted."""
    location = problem["loc"]
    name = ".".join(str(part) for part in location) or "the file"
    if problem["type"] == "extra_forbidden":
        section = _section(location[:-1])
        return f"{path}: unknown parameter {name}; accepted here: {', '.join(section.model_fields)}"
    if problem["type"] == "missing":
        return f"{path}: parameter {name} is missing"
    return f"{path}: {name} is {problem['input']!r}: {problem['msg']}"


def _section(location: tuple[int | str, ...]) -> type[BaseModel]:
    """Return the model that describes the keys at ``location``."""
    model: type[BaseModel] = Params
    for part in location:
        annotation = model.model_fields[str(part)].annotation
        assert isinstance(annotation, type)
        model = annotation
    return model
