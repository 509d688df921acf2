"""What two variants differ in: the factors whose effects can be told apart."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from harmlib.params import Modality, Schedule, Variant

THRESHOLD_RULE = "threshold_rule"
# What only later variants change: not ablated together with the rest, but one after the other.
LATER = ("backbones", "head", "validation")
# Each factor with the fields of a variant, or of its schedule, that make it up; in the order in
# which the report that this project began with changed them, the later ones before the threshold.
FACTORS: Mapping[str, tuple[str, ...]] = {
    "loss": ("last_layer", "loss"),
    "pos_weight": ("pos_weight",),
    "batch_size": ("batch_size",),
    "learning_rate": ("learning_rate",),
    "epochs": ("epochs",),
    "backbones": ("backbones",),
    "head": ("head", "penalty"),
    "validation": ("validation",),
    THRESHOLD_RULE: ("thresholds", "threshold_rule", "fixed_threshold"),
}
ABLATED = tuple(factor for factor in FACTORS if factor not in LATER)


def changed_factors(first: Variant, last: Variant, modality: Modality) -> list[str]:
    """List the factors in which two variants differ.

    Parameters
    ----------
    first, last : Variant
    modality : {"image", "video"}
        Decides the schedule.

    Returns
    -------
    list of str
        Of FACTORS, in that order.

    Raises
    ------
    ValueError
        The variants differ in a field that is in no factor.

    Examples
    --------
    >>> from harmlib.params import load_params
    >>> variants = load_params("params/demo.yaml").variants
    >>> changed_factors(variants["model2"], variants["model4"], "image")
    ['loss', 'pos_weight', 'threshold_rule']
    """
    one, other = _fields(first, modality), _fields(last, modality)
    differing = {name for name in one if one[name] != other[name]}
    unknown = differing - {name for names in FACTORS.values() for name in names}
    if unknown:
        raise ValueError(
            f"the variants differ in {', '.join(sorted(unknown))}, which no factor changes (known: "
            f"{', '.join(FACTORS)}); compare variants that differ in these only"
        )
    return [factor for factor, names in FACTORS.items() if differing & set(names)]


def last_ablated(variants: Mapping[str, Variant], modality: Modality) -> str:
    """Name the last variant that differs from the first one in no factor of LATER.

    Parameters
    ----------
    variants : mapping of str to Variant
        In their order; at least one.
    modality : {"image", "video"}
        Decides the schedule.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        As `changed_factors`.

    Examples
    --------
    >>> from harmlib.params import load_params
    >>> variants = load_params("params/demo.yaml").variants
    >>> last_ablated({name: variants[name] for name in ("model2", "model3", "model4")}, "video")
    'model4'
    """
    first = next(iter(variants.values()))
    return [
        name
        for name, spec in variants.items()
        if not set(changed_factors(first, spec, modality)) & set(LATER)
    ][-1]


def with_changes(
    first: Variant, last: Variant, factors: Collection[str], modality: Modality
) -> Variant:
    """Change some factors of a variant to what they are in another.

    Parameters
    ----------
    first, last : Variant
        What is changed, and where the changes come from.
    factors : collection of str
        Keys of FACTORS.
    modality : {"image", "video"}
        Decides which schedule is changed.

    Returns
    -------
    Variant
        It may be one that a params file couldn't ask for: `pos_weight` with the loss "bce", which
        is the same function as with "bce_with_logits".

    Examples
    --------
    >>> from harmlib.params import load_params
    >>> variants = load_params("params/demo.yaml").variants
    >>> spec = with_changes(variants["model2"], variants["model4"], ["pos_weight"], "video")
    >>> spec.loss, spec.pos_weight, spec.threshold_rule
    ('bce', 'balanced', 'fixed')
    """
    wanted = _fields(last, modality)
    fields = {name: wanted[name] for factor in factors for name in FACTORS[factor]}
    of_schedule = {name: value for name, value in fields.items() if name in Schedule.model_fields}
    of_variant = {name: value for name, value in fields.items() if name not in of_schedule}
    schedule = first.schedule(modality).model_copy(update=of_schedule)
    return first.model_copy(update=of_variant | {modality: schedule})


def _fields(spec: Variant, modality: Modality) -> dict[str, Any]:
    """What decides a training and its threshold, as one flat table."""
    own = {name: getattr(spec, name) for name in Variant.model_fields}
    del own["image"], own["video"]
    schedule = spec.schedule(modality)
    return own | {name: getattr(schedule, name) for name in type(schedule).model_fields}
