"""How a network is trained, as plain values: it takes no YAML and no pydantic to train on a bare GPU machine."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, Self


@dataclass(frozen=True)
class Augmentation:
    """How far a training image is varied; every magnitude is drawn anew for each image, and 0 switches it off."""

    flip: float  # probability of a left-right mirror image
    rotation: float  # degrees, either way
    rotation_from: float  # degrees that each image is rotated by at least
    shift: float  # share of the side, either way
    scale: float  # share, larger or smaller
    gain: float  # share, brighter or darker
    contrast: float  # share, about the image's mean
    gamma: float  # exponent between 1 / (1 + gamma) and 1 + gamma
    invert: float  # probability of a negative
    quarter_turn: float  # probability of a turn by 90, 180 or 270 degrees, whose class is then anybody's guess


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the weights, beside the data."""

    network: str  # a timm name
    weights: str  # what training starts from: "random", a .safetensors file, or a name of timm's hub
    channels: Literal[1, 3]  # that the network takes: the grey image, once or three times alike
    normalisation: Literal["centred", "imagenet", "none"]  # of the pixels, inside the network
    epochs: int
    batch_size: int
    optimizer: Literal["adam", "adamw", "sgd"]
    learning_rate: float  # the highest of the schedule
    weight_decay: float
    decayed: Literal["weights", "all"]  # all: biases and normalisation layers too
    schedule: Literal["one_cycle", "cosine"]
    warmup: float  # share of all steps
    balance: Literal["none", "class_weights", "sampler"]
    label_smoothing: float
    select: Literal["macro_f1", "accuracy"]  # on validation, which chooses the epoch
    patience: int  # epochs in which ``select`` did not rise
    gradient_clip: float  # 0 clips nothing
    gradient_clip_by: Literal["norm", "value"]
    ema_decay: float  # a step, of the moving average of the weights; 0 is no average
    seed: int
    threads: int  # CPU threads; another number gives other last bits
    accelerator: Literal["auto", "cpu", "gpu"]
    devices: int  # that share each batch
    compile: bool  # the network, by torch.compile
    precision: Literal["auto", "32-true", "bf16-mixed", "16-mixed"]  # auto: bf16-mixed on a GPU that has it
    augmentation: Augmentation

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Self:
        """Build from nested plain values, such as the section ``train`` of params.yaml."""
        plain = {field.name: values[field.name] for field in fields(cls)}
        return cls(**plain | {"augmentation": Augmentation(**values["augmentation"])})
