"""What a checkpoint of unknown origin says, checked before anything is done with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harmlib.features.backbones import backbone_names
from harmlib.features.tensor_file import plain_tensor
from harmlib.models.about import About
from harmlib.models.scaler import Scaler


def without_variables(about: Any) -> Any:
    """Refuse paths of weights that aren't whole; training writes whole ones.

    Params fill in `${NAME}` and `~`: in somebody else's file, that could print one's secrets.

    Parameters
    ----------
    about : Any
        What the checkpoint says of itself, not yet validated.

    Returns
    -------
    Any
        The same.

    Raises
    ------
    ValueError
        For a path with a variable or a home.

    Examples
    --------
    >>> without_variables({"features": {"clip": {"weights": "/tmp/$TOKEN"}}})
    Traceback (most recent call last):
    ValueError: about.features.clip.weights is '/tmp/$TOKEN', not a whole path
    """
    sections = about.get("features") if isinstance(about, dict) else None
    for name, section in sections.items() if isinstance(sections, dict) else ():
        weights = section.get("weights") if isinstance(section, dict) else None
        if isinstance(weights, str) and ("$" in weights or weights.startswith("~")):
            raise ValueError(f"about.features.{name}.weights is {weights!r}, not a whole path")
    return about


def check_dims(dims: Any, about: About, scaler: Scaler) -> None:
    """See that the vectors are of known backbones, before memory is asked for by their lengths.

    Parameters
    ----------
    dims : Any
        Should be a dict of backbones and lengths.
    about : About
        Of the same file.
    scaler : Scaler
        Of the same file.

    Raises
    ------
    TypeError, ValueError
        If they aren't, or don't go together.

    Examples
    --------
    >>> check_dims({"clip": -1}, None, None)
    Traceback (most recent call last):
    TypeError: dims is {'clip': -1}
    """
    if not isinstance(dims, dict) or not all(type(d) is int and d > 0 for d in dims.values()):
        raise TypeError(f"dims is {dims!r}")
    known = backbone_names(about.features, about.modality)
    if unknown := [name for name in dims if name not in known or name not in about.backbones]:
        raise ValueError(f"it has vectors of {unknown[0]!r}, but says nothing of this backbone")
    if not scaler.mean.shape == scaler.sd.shape == (sum(dims.values()),):
        raise ValueError(f"the scaler is not of the {sum(dims.values()):,} numbers of its dims")


def check_items(name: str, items: Mapping[str, Any]) -> None:
    """See that items have names, and all lists of them one length.

    Parameters
    ----------
    name : str
        For the message.
    items : mapping of str to Any
        item_id, group, label, logit, embedding.

    Raises
    ------
    TypeError, ValueError
        If they haven't.

    Examples
    --------
    >>> check_items("training", {"item_id": [1], "group": ["a"]})
    Traceback (most recent call last):
    TypeError: training has items or groups that are no names
    """
    names = [items["item_id"], items["group"]]
    if not all(isinstance(texts, list) and all(type(t) is str for t in texts) for texts in names):
        raise TypeError(f"{name} has items or groups that are no names")
    tensors = [plain_tensor(f"{name}.{key}", items[key]) for key in ("label", "logit", "embedding")]
    lengths = [len(texts) for texts in names] + [len(tensor) for tensor in tensors]
    if len(set(lengths)) != 1:
        raise ValueError(f"{name} has lists of different lengths")
