"""A first look at media that nobody has opened yet: how many, of which label, from which sources.

Names tell it, so it takes no time; what only the content tells (equal and nearly equal files, files
that can't be used) makes the counts smaller later, never larger.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from harmlib.media.group_guess import GIVEN, guess_groups
from harmlib.media.listing import list_media
from harmlib.media.source_names import ALONE
from harmlib.params import DataParams, Modality


@dataclass(frozen=True)
class FirstLook:
    """What the listed files of one modality are by their names.

    Attributes
    ----------
    modality : {"image", "video"}
    files, harmful, safe : int
        Of the files.
    groups, harmful_groups, safe_groups : int
        All groups, and those with a file of the label.
    ways : dict of str to int
        How the groups were found (as `guess_groups` says, or ``given``) to how many files.
    largest : str
        Name of the largest group; empty where each file is alone.
    largest_files : int
        How many files it has.
    gives_splits : bool
        Whether the list gives splits.
    """

    modality: Modality
    files: int
    harmful: int
    safe: int
    groups: int
    harmful_groups: int
    safe_groups: int
    ways: dict[str, int]
    largest: str
    largest_files: int
    gives_splits: bool

    @property
    def fewest_groups(self) -> int:
        """The groups of the class that has fewer."""
        return min(self.harmful_groups, self.safe_groups)


def first_look(data: DataParams, modality: Modality) -> FirstLook:
    """List the files of one modality, and count them.

    Parameters
    ----------
    data : DataParams
    modality : {"image", "video"}

    Returns
    -------
    FirstLook

    Raises
    ------
    DataError
        As `list_media`.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("images/harmful/cam1_1.jpg", "images/safe/cam1_2.jpg"):
    ...         (Path(folder) / name).parent.mkdir(parents=True)
    ...         (Path(folder) / name).touch()
    ...     look = first_look(DataParams(root=folder), "image")
    >>> look.files, look.groups, look.largest
    (2, 1, 'cam1')
    """
    listed = list_media(data, modality)
    found = _groups(listed, data.groups)
    own = found["group"].where(found["group"].notna(), listed["path"])
    harmful = listed["label"] == "harmful"
    sizes = found["group"].value_counts()
    return FirstLook(
        modality,
        files=len(listed),
        harmful=int(harmful.sum()),
        safe=int((~harmful).sum()),
        groups=own.nunique(),
        harmful_groups=own[harmful].nunique(),
        safe_groups=own[~harmful].nunique(),
        ways={str(by): int(count) for by, count in found["group_by"].value_counts().items()},
        largest=str(sizes.index[0]) if len(sizes) else "",
        largest_files=int(sizes.iloc[0]) if len(sizes) else 1,
        gives_splits=bool(listed["split"].notna().any()),
    )


def _groups(listed: pd.DataFrame, how: str) -> pd.DataFrame:
    if how == "guess" and not listed[["group", "split"]].notna().any(axis=None):
        return guess_groups(listed[["path"]])
    by = listed["group"].map(lambda group: GIVEN if group else ALONE)
    return pd.DataFrame({"group": listed["group"], "group_by": by})
