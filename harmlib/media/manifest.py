"""Build the manifest (the files that are used) and the ledger (those that aren't, and why)."""

from __future__ import annotations

import logging
import stat
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from harmlib.address import Address, located
from harmlib.language import told
from harmlib.media.contained import LIMITS
from harmlib.media.decoders import DecodeLimits
from harmlib.media.folders import DataError
from harmlib.media.folds import assign_folds
from harmlib.media.group_guess import GIVEN, guess_groups
from harmlib.media.ledger import LABELS, LEDGER_COLUMNS, Unusable
from harmlib.media.listed_paths import listed_files
from harmlib.media.listing import LISTING_COLUMNS, list_media
from harmlib.media.probe_cache import probe_all
from harmlib.media.remote_media import looked_up
from harmlib.media.source_names import ALONE
from harmlib.media.splits import SplitError, assign_splits, subsample_to_ratio
from harmlib.params import MAX_FRAMES, MAX_PIXELS, Modality, NearDuplicateParams, Params

MANIFEST_COLUMNS = (
    "item_id",
    "path",
    "modality",
    "label",
    "group",
    "split",
    "sha256",
    "width",
    "height",
    "frames",
    "duration_sec",
    "stream",
    "mended_gap_sec",
    "note",
    "size",
    "brightness",
    "perceptual_hash",
    "group_by",
)
_LOG = logging.getLogger(__name__)
_MISSING = "file is missing"
# What equal contents must have in common, and what is said where they don't.
_CONFLICTS = {
    "label": "same content is labelled both harmful and safe",
    "category": "same content is given different categories",
}


def build_manifests(
    params: Params,
    progress: Callable[[Modality], Callable[[int, int], None]] | None = None,
    listed: dict[Modality, pd.DataFrame] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """List, probe and split the media of all modalities, as the params say.

    Parameters
    ----------
    params : Params
        Where the media are, the ratio of the classes, the splits, and the seed.
    progress : callable, optional
        Takes a modality and returns what is called as ``(done, total)`` while its files are read.
    listed : dict of str to DataFrame, optional
        What `list_all` returned, where the caller wants to count it against the tables.

    Returns
    -------
    manifest : DataFrame
        One row per file that is used, with `MANIFEST_COLUMNS`.
    ledger : DataFrame
        One row per file that is not, with `LEDGER_COLUMNS`.

    Raises
    ------
    DataError, SplitError
        As `list_media` and `build_manifest` do; SplitError too if the params want folds of items
        that can't be cut into them.
    """
    listed = list_all(params) if listed is None else listed
    tables = [
        build_manifest(
            listed[modality],
            params.data.root,
            modality,
            ratio=params.data.ratio(modality),
            val_fraction=params.splits.val_fraction,
            test_fraction=params.splits.test_fraction,
            seed=params.seed,
            probe_cache=params.artifacts / f"probe_{modality}.parquet",
            max_frames=params.data.max_frames,
            max_pixels=params.data.max_pixels,
            limits=DecodeLimits.of(params.data),
            categories=params.data.categories or (),
            guess=params.near_duplicates if params.data.groups == "guess" else None,
            progress=progress(modality) if progress else None,
        )
        for modality in params.modalities
    ]
    if params.splits.folds is not None:
        for modality, (manifest, _) in zip(params.modalities, tables, strict=True):
            _require_folds(manifest, listed[modality], modality, params.splits.folds, params.seed)
    manifests, ledgers = zip(*tables, strict=True)
    return pd.concat(manifests, ignore_index=True), pd.concat(ledgers, ignore_index=True)


def list_all(params: Params) -> dict[Modality, pd.DataFrame]:
    """List the media of all modalities, as the params say; nothing is opened.

    Parameters
    ----------
    params : Params
        Where the media are.

    Returns
    -------
    dict of str to DataFrame
        By modality, as `list_media` returns it.

    Raises
    ------
    DataError
        As `list_media` does.
    """
    return {modality: list_media(params.data, modality) for modality in params.modalities}


def build_manifest(
    listed: pd.DataFrame,
    root: Path | Address,
    modality: Modality,
    *,
    ratio: float | None,
    val_fraction: float,
    test_fraction: float,
    seed: int,
    probe_cache: Path,
    max_frames: int = MAX_FRAMES,
    max_pixels: int = MAX_PIXELS,
    limits: DecodeLimits = LIMITS,
    categories: Sequence[str] = (),
    guess: NearDuplicateParams | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Probe the listed files of one modality and split the usable ones.

    Parameters
    ----------
    listed : DataFrame
        Columns path (relative to `root`), label, group, split, as `list_media` returns them.
    root : Path or Address
        The folder of the media.
    modality : {"image", "video"}
        What the files should be.
    ratio : float or None
        Harmful items per safe item to subsample to; None keeps all.
    val_fraction, test_fraction : float
        Shares of the items, as in `assign_splits`.
    seed : int
        For the subsample and the splits.
    probe_cache : Path
        The facts of files that were probed before, as in `probe_all`.
    max_frames : int
        A video with more frames is not used: its vectors would depend on this bound.
    max_pixels : int
        An image with more pixels is not used.
    limits : DecodeLimits
        A file that takes more to be decoded is not used.
    categories : sequence of str
        Those that are learned, each to be in all splits; then `listed` has a column category.
    guess : NearDuplicateParams, optional
        Where `listed` names neither a group nor a split, guess the groups, with nearly equal
        pictures as this says; without it each file is a group of its own there.
    progress : callable, optional
        Called as ``progress(done, total)`` while files are read.

    Returns
    -------
    manifest : DataFrame
        One row per file that is used, with `MANIFEST_COLUMNS`, sorted by item_id; with
        `categories` a column category, too. Behind them the further columns of `listed`, but for
        those whose names the program needs itself; a warning names these.
    ledger : DataFrame
        One row per file that is not, with `LEDGER_COLUMNS`. The rows of both together are
        always as many as those of `listed`.

    Raises
    ------
    DataError
        If a class has no usable file.
    SplitError
        If no split is possible.
    """
    places = [located(root, path) for path in listed["path"]]
    full = pd.Series(looked_up(places), index=listed.index, dtype=object)
    reason = _refused_unread(listed["path"], full, root)
    usable = listed[reason == ""]
    facts = probe_all(
        list(full[usable.index]),
        modality,
        probe_cache,
        progress,
        max_frames=max_frames,
        max_pixels=max_pixels,
        limits=limits,
    )
    facts.index = usable.index
    reason[usable.index] = facts["reason"].mask(
        ~facts["is_whole"],
        f"more than {max_frames:,} frames (data.max_frames); cut it into shorter files",
    )
    further = _further_columns(listed, [*facts, *(["category"] if categories else [])])
    items = listed.drop(columns=[*facts], errors="ignore").assign(path=listed["path"])
    items = items.join(facts.drop(columns=["path", "reason"]))[reason == ""]
    items = items.assign(label=items["label"].map(LABELS), modality=modality)

    for column, why in _CONFLICTS.items():
        if column == "label" or categories:
            conflict = items.groupby("sha256")[column].transform("nunique") > 1
            reason[items.index[conflict]] = why
            items = items[~conflict]
    _require_classes(items, modality, root, reason[reason != ""])

    items = _with_groups(items, listed, guess)
    if ratio is not None:
        keep = subsample_to_ratio(items, ratio, seed)
        reason[items.index[~keep]] = f"left out to reach harmful:safe {ratio}:1"
        items = items[keep]
    try:
        split = assign_splits(items, val_fraction, test_fraction, seed, categories)
    except SplitError as error:
        raise SplitError(f"{error}{_guess_told(items)}") from None
    manifest = items.assign(
        split=split,
        item_id=items["path"],
        path=[str(full[i]) for i in items.index],
        group=items["group"].where(items["group"].notna(), items["sha256"].str[:16]),
    )
    columns = [*MANIFEST_COLUMNS, *(["category"] if categories else []), *further]
    reason = reason[reason != ""]
    ledger = listed.loc[reason.index].assign(modality=modality, step="data", reason=reason)
    return (
        manifest.sort_values("item_id")[columns].reset_index(drop=True),
        ledger[list(LEDGER_COLUMNS)].reset_index(drop=True),
    )


def _with_groups(
    items: pd.DataFrame, listed: pd.DataFrame, guess: NearDuplicateParams | None
) -> pd.DataFrame:
    """Guess the groups where nothing is given, and say in a column group_by how each was found.

    A given split may tear a guessed group apart: it is the person's word.
    """
    if guess is None or listed[["group", "split"]].notna().any(axis=None):
        return items.assign(group_by=items["group"].map(lambda g: GIVEN if g else ALONE))
    found = guess_groups(items, guess.hash_distance, guess.max_comparisons)
    return items.assign(group=found["group"], group_by=found["group_by"])


def _guess_told(items: pd.DataFrame) -> str:
    """What to do where guessed groups, not given ones, leave too few of them."""
    guessed = items[~items["group_by"].isin([GIVEN, ALONE])]
    if guessed.empty:
        return ""
    largest = guessed["group"].value_counts()
    ways = ", ".join(sorted(guessed["group_by"].unique()))
    return told(
        f". {len(largest):,} of these groups were guessed (by {ways}; the largest: "
        f"{largest.index[0]!r}, {largest.iloc[0]:,} files): name the true ones in a CSV's column "
        "group, or set data.groups to file if each file is a source of its own",
        f". 이 그룹 중 {len(largest):,}개는 짐작한 것입니다({ways}; 가장 큰 그룹: "
        f"{largest.index[0]!r}, 파일 {largest.iloc[0]:,}개). 실제 그룹을 CSV의 group 열에 적거나, "
        "파일마다 원본이 다르면 data.groups를 file로 하십시오",
    )


def _further_columns(listed: pd.DataFrame, needed: list[str]) -> list[str]:
    """The names of columns of `listed` that nobody needs but the slices."""
    taken = {*MANIFEST_COLUMNS, *LEDGER_COLUMNS, *needed} - set(LISTING_COLUMNS)
    others = [name for name in listed if name not in LISTING_COLUMNS]
    if clash := sorted(taken.intersection(others) - {"category"}):
        _LOG.warning(
            "column %s of the list of media is not used: the program has such a column itself. "
            "Rename it to compare results by it",
            ", ".join(map(repr, clash)),
        )
    return [name for name in others if name not in taken]


def _refused_unread(names: pd.Series, full: pd.Series, root: Path | Address) -> pd.Series:
    """Return why a file can't be used, as far as it needs no reading; empty where it may be.

    Endings don't count: content says what a file is, here as in `harmlib predict`.
    """
    reason = pd.Series([_unread(path) for path in full], index=names.index, dtype=object)
    missing = reason == _MISSING
    files = listed_files(root)
    hints = [files.hint(name) for name in names[missing]]
    reason[missing] = [f"{_MISSING}{f'; {hint}' if hint else ''}" for hint in hints]
    reason[names.str.contains(r"\udc", regex=False)] = "file name is not UTF-8; rename it"
    return reason


def _unread(path: Path | Address | Unusable) -> str:
    """Say what the file system tells; what is there and can't be read, `probe` tells more of."""
    if not isinstance(path, Path):
        return path.reason if isinstance(path, Unusable) else ""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return _MISSING
    except (OSError, ValueError):
        return ""
    return "a folder or a link to one, which is not followed" if stat.S_ISDIR(mode) else ""


def _require_classes(
    items: pd.DataFrame, modality: Modality, root: Path | Address, reasons: pd.Series
) -> None:
    lacking = [name for name, label in LABELS.items() if not (items["label"] == label).any()]
    if lacking:
        common = reasons.value_counts().head(3)
        seen = "; ".join(f"{count} x {text}" for text, count in common.items())
        raise DataError(
            f"{root}: no usable {' and no usable '.join(lacking)} {modality}: a detector needs "
            f"both classes. {f'Files that could not be used: {seen}. ' if seen else ''}"
            f"Put files below {modality}s/harmful and {modality}s/safe, or list them in a CSV"
        )


def _require_folds(
    manifest: pd.DataFrame, listed: pd.DataFrame, modality: Modality, folds: int, seed: int
) -> None:
    """Find out now, before anything is extracted or trained, whether folds are possible."""
    if listed["split"].notna().any():
        raise SplitError(
            f"the {modality}s' CSV gives splits, and splits.folds is {folds}: folds test every "
            "item, whatever its split. Leave the split column empty, or set splits.folds to null"
        )
    try:
        assign_folds(manifest, folds, seed)
    except SplitError as error:
        raise SplitError(f"{modality}s: {error}{_guess_told(manifest)}") from None


def split_counts(manifest: pd.DataFrame) -> pd.DataFrame:
    """Count the items of each modality and split.

    Parameters
    ----------
    manifest : DataFrame
        Columns modality, split, label (0/1), group.

    Returns
    -------
    DataFrame
        Columns modality, split, harmful, n (items), group (how many groups), sorted.

    Examples
    --------
    >>> manifest = pd.DataFrame({"modality": "image", "split": ["train", "train", "val"],
    ...                          "label": [1, 0, 1], "group": ["a", "a", "b"]})
    >>> split_counts(manifest)
      modality  split  harmful  n  group
    0    image  train        1  2      1
    1    image    val        1  1      1
    """
    counts = manifest.groupby(["modality", "split"]).agg(
        harmful=("label", "sum"), n=("label", "size"), group=("group", "nunique")
    )
    return counts.reset_index()


def exact_duplicates(manifest: pd.DataFrame) -> pd.DataFrame:
    """Find contents that stand in several files.

    Parameters
    ----------
    manifest : DataFrame
        Columns modality, sha256, split, item_id.

    Returns
    -------
    DataFrame
        One row per such content: modality, sha256, copies (how many files), splits (those that
        it is in, joined by commas), first_item_id.

    Examples
    --------
    >>> manifest = pd.DataFrame({"modality": "image", "sha256": ["aa", "aa", "bb"],
    ...                          "split": "val", "item_id": ["2.jpg", "1.jpg", "3.jpg"]})
    >>> exact_duplicates(manifest)
      modality sha256  copies splits first_item_id
    0    image     aa       2    val         1.jpg
    """
    copies = manifest.groupby(["modality", "sha256"]).agg(
        copies=("item_id", "size"),
        splits=("split", lambda s: ", ".join(sorted(set(s)))),
        first_item_id=("item_id", "min"),
    )
    return copies[copies["copies"] > 1].reset_index()
