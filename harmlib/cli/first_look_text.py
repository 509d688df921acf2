"""What is said of media before anything is opened: how many, from which sources, enough or not."""

from __future__ import annotations

from collections.abc import Iterator

from harmlib.analysis.jackknife import MIN_GROUPS
from harmlib.language import told
from harmlib.media.first_look import FirstLook
from harmlib.media.group_guess import GIVEN
from harmlib.media.source_names import ALONE
from harmlib.params import SplitParams

FEWEST_SPLIT = 3  # groups of each class: one in training, validation and test
WIDE_BELOW = 30  # groups that are judged; with fewer, intervals are too wide to tell models apart
_RECALL = 0.95
# Harmful groups in validation that a promise of this recall takes (conformal risk control)
_FOR_RECALL = round(1 / (1 - _RECALL)) - 1


def look_line(look: FirstLook) -> str:
    """Say what was found, and ask whether its groups are right.

    Parameters
    ----------
    look : FirstLook

    Returns
    -------
    str
    """
    modality = _named(look)
    counts = told(
        f"{modality}: {look.files:,} files ({look.harmful:,} harmful, {look.safe:,} safe), "
        f"{look.groups:,} groups",
        f"{modality}: 파일 {look.files:,}개(유해 {look.harmful:,}, 안전 {look.safe:,}), "
        f"그룹 {look.groups:,}개",
    )
    if set(look.ways) == {GIVEN}:
        return told(f"{counts}, as given", f"{counts}(지정한 대로)")
    if set(look.ways) <= {ALONE}:
        return told(
            f"{counts}: each file a source of its own. Is that so?",
            f"{counts}: 파일마다 원본이 다릅니다. 맞습니까?",
        )
    largest = told(
        f"the largest: {look.largest!r} with {look.largest_files:,} files",
        f"가장 큰 그룹: {look.largest!r}, 파일 {look.largest_files:,}개",
    )
    if GIVEN in look.ways:
        return told(
            f"{counts}; {look.ways.get(ALONE, 0):,} files have none and count as sources of their "
            f"own ({largest})",
            f"{counts}. 그룹이 없는 파일 {look.ways.get(ALONE, 0):,}개는 저마다 한 "
            f"그룹입니다({largest})",
        )
    return told(
        f"{counts}, guessed from names and folders ({largest}). Is that so?",
        f"{counts}: 이름과 폴더로 짐작했습니다({largest}). 맞습니까?",
    )


def _named(look: FirstLook) -> str:
    return told(f"{look.modality}s", {"image": "이미지", "video": "비디오"}[look.modality])


def is_unconfirmed(look: FirstLook) -> bool:
    """Whether nobody has named the groups.

    Parameters
    ----------
    look : FirstLook

    Returns
    -------
    bool
    """
    return GIVEN not in look.ways


def how_to_confirm() -> str:
    """What to do where guessed groups are wrong.

    Returns
    -------
    str
    """
    return told(
        "If not, name them in a CSV's column group (`data.groups: file` where each file is a "
        "source of its own). Nearly equal pictures join groups later; 00_data shows what came out",
        "다르면 CSV의 group 열에 적으십시오(파일마다 원본이 다르면 `data.groups: file`). 거의 "
        "같은 화면은 "
        "나중에 한 그룹으로 묶이며, 결과는 00_data에 있습니다",
    )


def impossible(look: FirstLook, splits: SplitParams) -> str:
    """Say why these media can't be split at all.

    Parameters
    ----------
    look : FirstLook
    splits : SplitParams

    Returns
    -------
    str
        Empty where they can, as far as names tell.
    """
    if look.gives_splits:
        return ""
    needed = max(FEWEST_SPLIT, splits.folds or 0)
    if look.fewest_groups >= needed:
        return ""
    what = told(
        f"{splits.folds} folds" if splits.folds else "training, validation and test",
        f"fold {splits.folds}개" if splits.folds else "학습, 검증, 시험",
    )
    way = ""
    if look.fewest_groups >= FEWEST_SPLIT:
        way = told(
            f", or set splits.folds to {look.fewest_groups}",
            f", splits.folds를 {look.fewest_groups}로 하거나",
        )
    return told(
        f"{_named(look)}: {what} need {needed} groups of each class; harmful files are in "
        f"{look.harmful_groups}, safe ones in {look.safe_groups}. Add media from other sources, "
        f"name the groups in a CSV if these are wrong{way}",
        f"{_named(look)}: {what}에는 클래스마다 그룹 {needed}개가 필요한데, 유해는 "
        f"{look.harmful_groups}개, "
        f"안전은 {look.safe_groups}개입니다. 다른 원본의 미디어를 더하거나{way} 그룹이 틀렸으면 "
        "CSV에 "
        "적으십시오",
    )


def shortages(look: FirstLook, splits: SplitParams) -> Iterator[str]:
    """Say what so few groups can't tell.

    Parameters
    ----------
    look : FirstLook
    splits : SplitParams

    Yields
    ------
    str
    """
    if look.gives_splits:
        return
    share = 1.0 if splits.folds else splits.test_fraction
    judged = int(share * look.fewest_groups)
    on = told("all folds" if splits.folds else "test", "모든 fold" if splits.folds else "시험")
    if judged < MIN_GROUPS:
        yield told(
            f"{_named(look)}: too little data for a verdict: about {judged} groups of the smaller "
            f"class on {on}, and intervals take {MIN_GROUPS} of each. The report will give no "
            "intervals",
            f"{_named(look)}: 결론을 내기에 데이터가 모자랍니다. {on}에서 적은 쪽 클래스의 그룹이 "
            f"{judged}개쯤인데, 신뢰구간에는 클래스마다 {MIN_GROUPS}개가 필요합니다. 보고서에 "
            "신뢰구간이 "
            "없습니다",
        )
    elif judged < WIDE_BELOW:
        yield told(
            f"{_named(look)}: little data: about {judged} groups of the smaller class on {on}. "
            f"Below {WIDE_BELOW} intervals are wide, and models can hardly be told apart",
            f"{_named(look)}: 데이터가 적습니다. {on}에서 적은 쪽 클래스의 그룹이 "
            f"{judged}개쯤입니다. "
            f"{WIDE_BELOW}개보다 적으면 신뢰구간이 넓어 모델을 구별하기 어렵습니다",
        )
    in_validation = int(splits.val_fraction * look.harmful_groups)
    if in_validation < _FOR_RECALL:
        yield told(
            f"{_named(look)}: about {in_validation} harmful groups in validation; to promise "
            f"recall {_RECALL} takes {_FOR_RECALL}",
            f"{_named(look)}: 검증의 유해 그룹이 {in_validation}개쯤입니다. Recall {_RECALL}를 "
            "약속하려면 "
            f"{_FOR_RECALL}개가 필요합니다",
        )
