"""Whether the weights that a run asks for are here: looked for before any media file is opened."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from harmlib.features.backbones import backbone_class, backbone_names, find_weights
from harmlib.features.weights import DownloadProgress
from harmlib.params import FeatureParams


def backbones_with_weights(modalities: Iterable[str]) -> list[str]:
    """List the backbones that see a modality and have official weights, as the params name them.

    Parameters
    ----------
    modalities : iterable of str
        ``image``, ``video``.

    Returns
    -------
    list of str

    Examples
    --------
    >>> backbones_with_weights(["image"])
    ['clip', 'yolo']
    """
    params = FeatureParams()
    names = dict.fromkeys(name for m in modalities for name in backbone_names(params, m))
    return [name for name in names if backbone_class(name).official_files]


def require_weights(
    params: FeatureParams,
    modalities: Iterable[str],
    cache_dir: Path,
    progress: Callable[[str], DownloadProgress] | None = None,
) -> None:
    """Find the weights of every backbone; official ones that are missing are downloaded now.

    Parameters
    ----------
    params : FeatureParams
    modalities : iterable of str
        Those of the run.
    cache_dir : Path
        Where downloaded files are kept.
    progress : callable, optional
        Takes a backbone's name and returns what `find_weights` calls during a download.

    Raises
    ------
    WeightsError
        If weights are missing, or are not what was asked for.

    Examples
    --------
    >>> untrained = FeatureParams.model_validate(
    ...     {n: {"weights": "untrained"} for n in ("clip", "yolo", "slowfast")})
    >>> require_weights(untrained, ["image", "video"], Path("nowhere"))
    """
    names = dict.fromkeys(name for m in modalities for name in backbone_names(params, m))
    for name in names:
        find_weights(params, name, cache_dir, progress(name) if progress else None)


def official_file(params: FeatureParams, name: str, cache_dir: Path) -> tuple[Path, bool]:
    """Tell where a backbone's official weights lie, or would lie.

    Parameters
    ----------
    params : FeatureParams
        With a section for the backbone, one that has weights.
    name : str
    cache_dir : Path
        Where downloaded files are kept.

    Returns
    -------
    path : Path
    is_there : bool
        Whether there is such a file; its content is not looked at.

    Examples
    --------
    >>> official_file(FeatureParams(), "clip", Path("/nowhere"))[1]
    False
    """
    section = getattr(params, name)
    official = backbone_class(name).official_files[section.architecture]
    source = official.source
    path = source if isinstance(source, Path) else cache_dir / official.file_name
    return path, path.is_file()
