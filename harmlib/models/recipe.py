"""What a variant may choose before it is trained: the backbones it sees, and its penalty."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from harmlib.params import Variant

# L2 against the summed loss, when each backbone's numbers are divided by the root of their count.
PENALTIES = (0.03, 0.1, 0.3, 1.0, 3.0)


@dataclass(frozen=True)
class Recipe:
    """One of the possibilities.

    Attributes
    ----------
    backbones : tuple of str
        Those that the classifier sees, in the order in which their vectors are joined.
    penalty : float or None
        Of the linear head; None for the head mlp, which has none.
    """

    backbones: tuple[str, ...]
    penalty: float | None


def possible_recipes(backbones: list[str], spec: Variant) -> list[Recipe]:
    """Every recipe that a variant may choose, the fewest backbones first.

    Parameters
    ----------
    backbones : list of str
        Those that were extracted.
    spec : Variant
        What it leaves open.

    Returns
    -------
    list of Recipe
        One where nothing is left open. Where the head mlp may choose its backbones, recipes have
        the penalties of the linear head that stands in for it.

    Examples
    --------
    >>> from harmlib.params import load_params
    >>> model4 = load_params("params/demo.yaml").variants["model4"]
    >>> possible_recipes(["clip", "yolo"], model4)
    [Recipe(backbones=('clip', 'yolo'), penalty=None)]
    >>> chosen = model4.model_copy(update={"backbones": "chosen"})
    >>> sorted({recipe.backbones for recipe in possible_recipes(["clip", "yolo"], chosen)})
    [('clip',), ('clip', 'yolo'), ('yolo',)]
    """
    subsets = [tuple(backbones)]
    if spec.backbones == "chosen":
        sizes = range(1, len(backbones) + 1)
        subsets = [subset for size in sizes for subset in combinations(backbones, size)]
    penalties: tuple[float | None, ...] = PENALTIES
    if spec.penalty != "chosen" and not (spec.head == "mlp" and spec.backbones == "chosen"):
        penalties = (spec.penalty,)
    return [Recipe(subset, penalty) for subset in subsets for penalty in penalties]
