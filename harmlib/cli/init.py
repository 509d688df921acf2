"""`harmlib init`: a params file of one's own, after a look at the media."""

from __future__ import annotations

import argparse
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

from harmlib.address import Address, place
from harmlib.cli.first_look_text import (
    FEWEST_SPLIT,
    how_to_confirm,
    impossible,
    is_unconfirmed,
    look_line,
    shortages,
)
from harmlib.language import told
from harmlib.media.first_look import FirstLook, first_look
from harmlib.media.folders import DataError
from harmlib.media.layout import Layout, find_layout
from harmlib.params import PROJECT_ROOT, DataParams, FeatureParams, SplitParams
from harmlib.params.names import LONGEST, check_name
from harmlib.params.places import absolute, portable

_MOST_FOLDS = 5


def run_init(options: argparse.Namespace) -> int:
    """Look at the media, write a params file, and say what comes next.

    Parameters
    ----------
    options : argparse.Namespace
        Of the command `init`.

    Returns
    -------
    int
        Exit status: 0 written, 2 there is nothing to use, or the name is taken.
    """
    try:
        given = place(options.folder)
        layout = find_layout(given if isinstance(given, Address) else absolute(given, Path.cwd()))
        run = _run_name(options.run, layout.root)
        data = DataParams(**layout.data())
        looks = [first_look(data, modality) for modality in layout.modalities]
    except (OSError, ValueError) as error:
        print(f"harmlib: {error}", file=sys.stderr)
        return 2
    splits = _splits(looks)
    from harmlib.features.weights_at_hand import backbones_with_weights  # imports torch

    named = backbones_with_weights(layout.modalities)
    weights = dict.fromkeys(named, "untrained") if options.untrained else {}
    file = PROJECT_ROOT / "params" / f"{run}.yaml"
    file.parent.mkdir(exist_ok=True)
    with file.open("x", encoding="utf-8") as written:  # whoever was faster isn't overwritten
        written.write(params_text(run, layout, splits, weights))
    print("\n".join(_told(file, layout, looks, splits, weights)))
    return 0


def params_text(run: str, layout: Layout, splits: SplitParams, weights: dict[str, str]) -> str:
    """Write a params file.

    Parameters
    ----------
    run : str
        Name of the run.
    layout : Layout
        Where the media are.
    splits : SplitParams
        Of which `folds` counts.
    weights : dict of str to str
        Backbone to its weights; ``pretrained`` where it is left out.

    Returns
    -------
    str
        YAML, with comments.
    """

    def plain(value: object) -> str:
        dumped = yaml.safe_dump(value, allow_unicode=True, default_flow_style=True, width=1000)
        return dumped.removesuffix("\n").removesuffix("\n...").rstrip()

    from harmlib.features.weights_at_hand import backbones_with_weights  # imports torch

    named = backbones_with_weights(layout.modalities)
    root = str(layout.root) if isinstance(layout.root, Address) else portable(layout.root)
    places = {"root": root} | {f"{m}_csv": name for m, name in layout.csv.items()}
    lines = [
        told(
            "# Made by `harmlib init`. Further settings: params/full.yaml, docs/own-data.md",
            "# `harmlib init`이 쓴 파일. 다른 설정: params/full.yaml, docs/own-data.md",
        ),
        f"run: {plain(run)}",
        "seed: 42",
        f"modalities: {plain(layout.modalities)}",
        "data:",
        *(f"  {name}: {plain(value)}" for name, value in places.items()),
        "  groups: guess  # "
        + told("file, folder, or the CSV's column", "file, folder, 또는 CSV의 열 이름"),
        f"splits: {{folds: {plain(splits.folds)}}}",
        *(["seeds: [1, 2, 3]"] if splits.folds else []),
        "features:",
        *(f"  {n}: {{weights: {weights.get(n, 'pretrained')}}}" for n in named),
    ]
    return "\n".join(lines) + "\n"


def _run_name(given: str | None, root: Path | Address) -> str:
    """The run's name; one that is taken gets a number, unless a person asked for it."""
    if given is not None:
        check_name(given)
        if _is_taken(given):
            raise DataError(
                told(
                    f"--run {given}: taken: there is params/{given}.yaml or a report of this name. "
                    "Nothing was written; choose another",
                    f"--run {given}: 이미 있는 이름입니다(params/{given}.yaml 또는 보고서). "
                    "아무것도 쓰지 "
                    "않았습니다. 다른 이름을 고르십시오",
                )
            )
        return given
    plain = re.sub(r"[^\w.-]+", "_", root.name).strip("._-")[: LONGEST - 4] or "media"
    names = (plain if number == 1 else f"{plain}-{number}" for number in range(1, 1000))
    return next(name for name in names if not _is_taken(name))


def _is_taken(run: str) -> bool:
    places = (PROJECT_ROOT / "params" / f"{run}.yaml", PROJECT_ROOT / "reports" / run)
    return run == "variants" or any(place.exists() for place in places)


def _splits(looks: list[FirstLook]) -> SplitParams:
    """Folds where there are groups enough; a list that gives splits is taken at its word."""
    fewest = min(look.fewest_groups for look in looks)
    if any(look.gives_splits for look in looks) or fewest < FEWEST_SPLIT:
        return SplitParams()
    return SplitParams(folds=min(_MOST_FOLDS, fewest))


def _told(
    file: Path,
    layout: Layout,
    looks: list[FirstLook],
    splits: SplitParams,
    weights: dict[str, str],
) -> Iterator[str]:
    for line in layout.passed_over:
        yield told(f"passed over: {line}", f"쓰지 않음: {line}")
    yield from map(look_line, looks)
    if any(map(is_unconfirmed, looks)):
        yield how_to_confirm()
    for look in looks:
        stops = impossible(look, splits)
        yield from [stops] if stops else shortages(look, splits)
    yield from _weights_lines(layout, weights)
    run = shlex.quote(portable(file))
    yield told(f"\nParams: {file}\nNext:", f"\n설정: {file}\n다음:")
    yield f"  ./run_all.sh {run}"
    yield f"  harmlib run {run}"


def _weights_lines(layout: Layout, weights: dict[str, str]) -> Iterator[str]:
    """Which weights lie here already, and what happens with the others."""
    from harmlib.features.weights_at_hand import backbones_with_weights, official_file

    params = FeatureParams()
    for name in backbones_with_weights(layout.modalities):
        title = getattr(params, name).display_name
        if weights.get(name) == "untrained":
            yield told(
                f"{title}: untrained (random) weights: shows the procedure, not what can be done",
                f"{title}: 학습되지 않은(무작위) 가중치. 절차만 보여 줍니다",
            )
            continue
        file, is_there = official_file(params, name, PROJECT_ROOT / "artifacts" / "weights")
        if is_there:
            yield told(f"{title}: weights found: {file}", f"{title}: 가중치가 있습니다: {file}")
        else:
            yield told(
                f"{title}: no weights here yet; the run downloads them first, to {file} (without a "
                "network: put the file there, or `harmlib init --untrained` to try the procedure)",
                f"{title}: 가중치가 아직 없습니다. 실행할 때 먼저 {file}로 "
                "내려받습니다(네트워크가 없으면 그 "
                "자리에 파일을 두거나, 절차만 시험하려면 `harmlib init --untrained`)",
            )
