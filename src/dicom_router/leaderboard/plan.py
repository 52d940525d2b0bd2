"""What is trained: every network by every recipe with every seed."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, Final

from dicom_router.dicom.preprocessing import PreprocessingSpec
from dicom_router.errors import ParameterError
from dicom_router.model.training.catalogue import GROUPS
from dicom_router.model.training.networks import check_known
from dicom_router.model.training.recipe import Recipe
from dicom_router.params import Params, load_params
from dicom_router.pipeline.overriding import override
from dicom_router.pipeline.presets.reading import NAMES, preset

AS_IT_STANDS: Final = "params"  # the recipe of params.yaml itself
RECIPES: Final = (*NAMES, AS_IT_STANDS)


@dataclass(frozen=True)
class Entrant:
    """A network with a recipe: a row of the leaderboard."""

    network: str
    recipe: str


@dataclass(frozen=True)
class Planned:
    """One training."""

    entrant: Entrant
    recipe: Recipe
    spec: PreprocessingSpec

    @property
    def title(self) -> str:
        """Return what is trained, in words."""
        return f"{self.entrant.network}, {self.entrant.recipe}, seed {self.recipe.seed}"


def chosen_networks(names: str) -> tuple[str, ...]:
    """Return the timm names that a comma-separated list of names and groups means, each once.

    Raises:
        ParameterError: timm does not have one of them.
    """
    listed = [name.strip() for name in names.split(",") if name.strip()]
    known = {group: [entry.name for entry in entries] for group, entries in GROUPS.items()}
    networks = tuple(dict.fromkeys(network for name in listed for network in known.get(name, [name])))
    for network in networks:
        check_known(network)
    return networks


def chosen_recipes(names: str) -> tuple[str, ...]:
    """Return the recipes of a comma-separated list.

    Raises:
        ParameterError: there is none of such a name.
    """
    listed = tuple(dict.fromkeys(name.strip() for name in names.split(",") if name.strip()))
    unknown = [name for name in listed if name not in RECIPES]
    if unknown:
        raise ParameterError(f"there is no recipe {', '.join(unknown)}; accepted: {', '.join(RECIPES)}")
    return listed


def params_of(recipe: str, path: Path, changes: Mapping[str, Any], scratch: Path) -> Params:
    """Return the parameters ``path`` with those of ``recipe``, and ``changes`` on top.

    Raises:
        ParameterError: a key or a value is not accepted.
    """
    load_params(path)
    scratch.mkdir(parents=True, exist_ok=True)
    copy = scratch / f"{recipe}.yaml"
    shutil.copyfile(path, copy)
    override(copy, {} if recipe == AS_IT_STANDS else preset(recipe))
    override(copy, changes)
    return load_params(copy)


def plan(networks: Sequence[str], params: Mapping[str, Params], seeds: int) -> tuple[Planned, ...]:
    """Return every training, seed by seed, so that an early look has every network once.

    Args:
        networks: timm names.
        params: of each recipe, by its name.
        seeds: how many, counted up from the recipe's own.
    """
    return tuple(
        _planned(network, name, params[name], number)
        for number, name, network in product(range(seeds), params, networks)
    )


def _planned(network: str, name: str, params: Params, number: int) -> Planned:
    recipe = Recipe.from_mapping(params.train.model_dump())
    return Planned(
        Entrant(network, name),
        replace(recipe, network=network, seed=recipe.seed + number),
        PreprocessingSpec(params.preprocess.image_size, params.preprocess.fit),
    )
