"""What a saved model says of new files, in Korean: the tables and sentences of 07_predict.

`decision` is an entry of the log of decisions. `root` is the folder that the names of files start
from.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from harmlib.analysis.alike_thresholds import AlikeThresholds
from harmlib.analysis.bands import MISSED_EACH, MISSED_EITHER, Bands, Promise
from harmlib.models.about import About
from harmlib.reporting.text.certainty import METHODS, OBJECTIVES
from harmlib.reporting.text.cited_numbers import literal
from harmlib.reporting.text.korean import (
    LABEL,
    MODALITY,
    backbone_name,
    model_name,
    number,
    particle,
    ratio,
    signed,
)
from harmlib.reporting.text.near_threshold import TO_CHECK, is_near

DECISIONS = {"harmful": "유해", "safe": "안전"}
BANDS = {"pass": "통과", "review": "검토", "block": "차단"}
METHODS_OF_PROMISE = {
    "learn-then-test": "Learn then Test, 분포를 가정하지 않음",
    "jackknife": "jackknife, 어림값",
}
UNTRAINED = "untrained"
NO_WEIGHTS = "no weights"


def checkpoint_table(about: About, threshold: float) -> pd.DataFrame:
    """List what a checkpoint is.

    Parameters
    ----------
    about : About
        Of the checkpoint.
    threshold : float
        Its operating threshold, a probability.

    Returns
    -------
    DataFrame
        Columns 항목, 값.
    """
    backbones = [
        f"{backbone_name(name)}({_weights(str(spec['weights']))})"
        for name, spec in about.backbones.items()
    ]
    method = METHODS[about.calibration.method]
    calibration = f"{method}, T = {number(about.calibration.temperature, 2)}"
    if about.calibration.offset:
        calibration += f", 더한 값 {signed(about.calibration.offset, 2)}"
    rows = {
        "모델": f"{model_name(about.variant)}, epoch {about.epoch}",
        "Threshold": number(threshold),
        "고른 목적": OBJECTIVES.get(about.objective, about.objective),
        "백본": ", ".join(backbones),
        "확률 보정": calibration,
    }
    for split, name in (("train", "학습"), ("val", "검증")):
        harmful, safe = (about.counts[split][kind] for kind in ("harmful", "safe"))
        rows[f"{name} 유해:안전"] = f"{harmful:,} : {safe:,} ({ratio(harmful, safe)})"
    return pd.DataFrame({"항목": rows.keys(), "값": rows.values()})


def _weights(key: str) -> str:
    if key == NO_WEIGHTS:
        return "가중치 없음"
    return "학습되지 않음" if key.startswith(UNTRAINED) else f"가중치 {key[:12]}"


def _short_name(path: str, root: Path) -> str:
    """The name below `root`; of a path elsewhere the last part."""
    try:
        return Path(path).relative_to(root).as_posix()
    except ValueError:
        return Path(path).name


def verdict_table(
    decisions: pd.DataFrame, root: Path, alike: Mapping[str, AlikeThresholds] | None = None
) -> pd.DataFrame:
    """List the decisions, those farthest above the threshold first.

    Parameters
    ----------
    decisions : DataFrame
        One row per file; columns path, modality, decision, probability, margin (probability minus
        threshold), band.
    root : Path
    alike : mapping of str to AlikeThresholds, optional
        By modality (see `near_threshold`): a decision that hangs on a small move of the threshold
        is one to check, whatever its band.

    Returns
    -------
    DataFrame
        Columns 파일, 종류, 판정, 확률, threshold와의 차이, 처리.

    Examples
    --------
    >>> decisions = pd.DataFrame({"path": ["/new/a.jpg"], "modality": "image", "decision": "harmful",
    ...                           "probability": 0.9, "margin": 0.4, "band": "block"})
    >>> verdict_table(decisions, Path("/new")).iloc[0].astype(str).tolist()
    ['a.jpg', '이미지', '유해', '0.9', '+0.4000', '차단']
    """
    rows = decisions.sort_values(["margin", "path"], ascending=[False, True], kind="stable")
    handled = rows["band"].map(BANDS).mask(is_near(rows, alike or {}), TO_CHECK)
    return _verdicts(rows, root).assign(처리=handled.to_numpy())


def _verdicts(rows: pd.DataFrame, root: Path) -> pd.DataFrame:
    """What was decided of each file, in the order of `rows`."""
    return pd.DataFrame(
        {
            "파일": [_short_name(path, root) for path in rows["path"]],
            "종류": rows["modality"].map(MODALITY.__getitem__).to_numpy(),
            "판정": rows["decision"].map(DECISIONS).to_numpy(),
            "확률": rows["probability"].to_numpy(),
            "threshold와의 차이": [signed(margin) for margin in rows["margin"]],
        }
    )


def near_table(
    decisions: pd.DataFrame, root: Path, alike: Mapping[str, AlikeThresholds]
) -> pd.DataFrame:
    """List the decisions that hang on a small move of the threshold, the nearest first.

    Parameters
    ----------
    decisions : DataFrame
    root : Path
    alike : mapping of str to AlikeThresholds
        These three as for `verdict_table`.

    Returns
    -------
    DataFrame
        Columns as those of `verdict_table`, without 처리.

    Examples
    --------
    >>> decisions = pd.DataFrame({"path": ["/new/a.jpg", "/new/b.jpg"], "modality": "image",
    ...                           "decision": "harmful", "probability": [0.9, 0.55],
    ...                           "margin": [0.4, 0.05], "band": "block"})
    >>> near_table(decisions, Path("/new"), {"image": AlikeThresholds(0.4, 0.6, 1)})["파일"].tolist()
    ['b.jpg']
    """
    near = decisions[is_near(decisions, alike)]
    near = near.assign(_far=near["margin"].abs()).sort_values(["_far", "path"])
    return _verdicts(near, root)


def untrained_sentence(abouts: Iterable[About]) -> str:
    """Warn of models whose backbones have learned nothing.

    Parameters
    ----------
    abouts : iterable of About
        Of the checkpoints.

    Returns
    -------
    str
        Empty where all backbones were trained.

    Examples
    --------
    >>> untrained_sentence([])
    ''
    """
    names = {
        backbone_name(name): None
        for about in abouts
        for name, spec in about.backbones.items()
        if str(spec["weights"]).startswith(UNTRAINED)
    }
    if not names:
        return ""
    return (
        f"**백본({', '.join(names)})이 학습되지 않았습니다.** 아래의 판정은 절차를 보여 줄 뿐, 쓸 만한 판정이 "
        "아닙니다."
    )


def note_table(decisions: Iterable[Mapping[str, Any]], root: Path) -> pd.DataFrame:
    """List the files that were scored, but of which a person should know something.

    Parameters
    ----------
    decisions : iterable of mapping
        Entries of the log; those of earlier versions have no note.
    root : Path

    Returns
    -------
    DataFrame
        Columns 파일, 알아 둘 점.

    Examples
    --------
    >>> note_table([{"path": "/new/a.ts", "note": "2 video streams"}], Path("/new")).iloc[0].tolist()
    ['a.ts', '2 video streams']
    """
    noted = [(one["path"], one["note"]) for one in decisions if one.get("note")]
    return pd.DataFrame(
        [(_short_name(path, root), note) for path, note in noted], columns=["파일", "알아 둘 점"]
    )


def ledger_table(ledger: pd.DataFrame, root: Path) -> pd.DataFrame:
    """List the files that could not be scored.

    Parameters
    ----------
    ledger : DataFrame
        One row per file; columns path, modality (possibly unknown), reason.
    root : Path

    Returns
    -------
    DataFrame
        Columns 파일, 종류, 이유.

    Examples
    --------
    >>> ledger = pd.DataFrame({"path": ["/new/a"], "modality": "", "reason": "/new/a: no media"})
    >>> ledger_table(ledger, Path("/new")).iloc[0].tolist()
    ['a', '알 수 없음', 'a: no media']
    """
    return pd.DataFrame(
        {
            "파일": [_short_name(path, root) for path in ledger["path"]],
            "종류": [MODALITY[name] if name else "알 수 없음" for name in ledger["modality"]],
            "이유": [
                reason.replace(str(path), _short_name(path, root))
                for path, reason in zip(ledger["path"], ledger["reason"], strict=True)
            ],
        }
    )


def verdict_counts(decisions: pd.DataFrame, ledger: pd.DataFrame, reused: int) -> str:
    """Say how many files were called harmful and safe, and that none is missing.

    Parameters
    ----------
    decisions, ledger : DataFrame
        As in `verdict_table` and `ledger_table`.
    reused : int
        Decisions that an earlier call had made.

    Returns
    -------
    str

    Examples
    --------
    >>> verdict_counts(pd.DataFrame({"decision": ["harmful", "safe"]}), pd.DataFrame(), reused=1)
    '파일 2개 가운데 2개를 판정했습니다(유해 1개, 안전 1개). 판정하지 못한 파일은 0개입니다. ...'
    """
    harmful = int((decisions["decision"] == "harmful").sum())
    total = len(decisions) + len(ledger)
    return (
        f"파일 {total:,}개 가운데 {len(decisions):,}개를 판정했습니다"
        f"(유해 {harmful:,}개, 안전 {len(decisions) - harmful:,}개). 판정하지 못한 파일은 "
        f"{len(ledger):,}개입니다. 판정한 것 가운데 {reused:,}개는 이전에 판정한 결과를 재사용했습니다."
    )


def band_lines(bands: Bands, modality: str) -> str:
    """Say what the bands promise, and where they lie.

    Parameters
    ----------
    bands : Bands
    modality : str

    Returns
    -------
    str

    Examples
    --------
    >>> band_lines(Bands(0.95, 0.9, "one_class", None, None, pd.DataFrame()), "image")
    '이미지: 검증 항목으로는 구간을 정할 수 없어 모두 사람이 검토합니다.'
    """
    if bands.state != "ok":
        return f"{MODALITY[modality]}: 검증 항목으로는 구간을 정할 수 없어 모두 사람이 검토합니다."
    parts = [
        "통과하는 구간은 없습니다"
        if bands.pass_at is None
        else f"확률 {number(bands.pass_at)} 이하는 통과합니다",
        "차단하는 구간은 없습니다"
        if bands.block_above is None
        else f"확률 {number(bands.block_above)} 초과는 차단합니다",
    ]
    held = _promised(bands, bands.promise) if bands.promise else _on_validation_only()
    lines = [
        f"{held}{'. '.join(parts)}. 하한은 Recall {number(bands.min_recall, 2)}, 차단의 Precision "
        f"{number(bands.min_precision, 2)}입니다."
    ]
    if bands.promise:
        lines += _infeasible(bands, bands.promise)
    if bands.pass_at is not None and bands.pass_at == bands.block_above:
        lines.append("두 threshold가 같아 사람이 검토할 구간이 없습니다.")
    return f"{MODALITY[modality]}: {' '.join(lines)}"


def _on_validation_only() -> str:
    each, either = (f"{low:.0%}~{high:.0%}" for low, high in (MISSED_EACH, MISSED_EITHER))
    return (
        f"두 하한은 검증 항목에서만 지켜집니다. 새 항목에서는 하한마다 모의실험의 {each}에서, 둘 가운데 적어도 하나는 "
        f"{either}에서 어긋났습니다. "
    )


def _promised(bands: Bands, promise: Promise) -> str:
    if bands.pass_at is None and bands.block_above is None:
        return ""
    return (
        f"새 그룹에서도 통과와 차단이 신뢰 수준 {promise.confidence:.0%}로 하한을 함께 지킵니다"
        f"({METHODS_OF_PROMISE[promise.method]}, 유해 그룹 {promise.harmful_groups:,}개, epoch "
        f"{promise.candidates}개에서 고른 것을 보정, Recall과 Precision은 그룹마다 구한 값의 평균). "
    )


def _infeasible(bands: Bands, promise: Promise) -> list[str]:
    lines = []
    for name, floor, end in (
        ("Recall", bands.min_recall, bands.pass_at),
        ("Precision", bands.min_precision, bands.block_above),
    ):
        if end is None:
            text = (
                f"유해 그룹 {promise.harmful_groups:,}개로는 {name} {number(floor, 2)}을 이 신뢰 수준으로 약속할 수 "
                "있는 threshold가 없습니다"
            )
            if promise.method == "learn-then-test":
                needed = promise.needed(floor, of_precision=name == "Precision")
                text += f"(틀림이 없는 그룹이 적어도 {needed:,}개 필요합니다)"
            lines.append(f"{text}.")
    return lines


def band_comparison(validation: pd.DataFrame, here: pd.DataFrame) -> pd.DataFrame:
    """Put the shares of the bands on validation and on new files side by side.

    Parameters
    ----------
    validation, here : DataFrame
        One row per band; columns band, n, share, low, high (95 % interval of the share).

    Returns
    -------
    DataFrame
        Columns 구간, and for each of both the number of items and the share as text.

    Examples
    --------
    >>> shares = pd.DataFrame({"band": ["pass"], "n": 3, "share": 0.3, "low": 0.1, "high": 0.6})
    >>> band_comparison(shares, shares)["이 폴더 비율(95% 신뢰구간)"].tolist()
    ['30.0% (10.0% ~ 60.0%)']
    """
    columns = {"구간": validation["band"].map(BANDS).to_numpy()}
    for name, table in (("검증", validation), ("이 폴더", here)):
        columns[f"{name} 항목 수"] = table["n"].astype(int).to_numpy()
        columns[f"{name} 비율(95% 신뢰구간)"] = [
            f"{row.share:.1%} "
            + ("(구간 없음)" if math.isnan(row.low) else f"({row.low:.1%} ~ {row.high:.1%})")
            for row in table.itertuples()
        ]
    return pd.DataFrame(columns)


def segment_table(decisions: Iterable[Mapping[str, Any]], root: Path) -> pd.DataFrame:
    """List the harmful segments of long videos.

    Parameters
    ----------
    decisions : iterable of mapping
        Entries of the log.
    root : Path

    Returns
    -------
    DataFrame
        Columns 파일, 시작(초), 끝(초), 최고 확률.

    Examples
    --------
    >>> segment = {"start_sec": 2, "end_sec": 4.5, "peak_probability": 0.9}
    >>> segment_table([{"path": "/new/a.mp4", "segments": [segment]}], Path("/new"))
          파일 시작(초) 끝(초)  최고 확률
    0  a.mp4   2.0  4.5    0.9
    """
    return pd.DataFrame(
        [
            (
                _short_name(decision["path"], root),
                number(segment["start_sec"], 1),
                number(segment["end_sec"], 1),
                segment["peak_probability"],
            )
            for decision in decisions
            for segment in decision["segments"]
        ],
        columns=["파일", "시작(초)", "끝(초)", "최고 확률"],
    )


def strips_html(decisions: Iterable[Mapping[str, Any]], root: Path, folder: Path) -> str:
    """Write the pictures of the harmful segments as HTML, each folded until a person opens it.

    Parameters
    ----------
    decisions : iterable of mapping
        Entries of the log.
    root : Path
    folder : Path
        Where the names of the pictures start. A picture that is not there is left out.

    Returns
    -------
    str
        Empty where there is no picture.

    Examples
    --------
    >>> strips_html([{"path": "/new/a.mp4", "segments": []}], Path("/new"), Path("/new"))
    ''
    """
    folded = ""
    for decision in decisions:
        for segment in decision["segments"]:
            if "strip" in segment and (folder / segment["strip"]).exists():
                times = f"{number(segment['start_sec'], 1)}~{number(segment['end_sec'], 1)}초"
                title = f"{_short_name(decision['path'], root)}, {times}"
                folded += _folded((folder / segment["strip"]).read_bytes(), title)
    return folded


def _folded(jpeg: bytes, title: str) -> str:
    data = base64.b64encode(jpeg).decode()
    return (
        f"<details><summary>장면 보기: {escape(title)}</summary>"
        f'<img src="data:image/jpeg;base64,{data}" alt="{escape(title, quote=True)}의 장면들" '
        'style="max-width:100%"></details>'
    )


def decision_sentences(decision: Mapping[str, Any], root: Path) -> list[str]:
    """Describe one decision, and which threshold would have changed it.

    Parameters
    ----------
    decision : mapping
    root : Path

    Returns
    -------
    list of str

    Examples
    --------
    >>> decision = {"id": "abc", "path": "/new/a.mp4", "decision": "safe", "probability": 0.4,
    ...             "threshold": 0.5, "contributions": {"clip": 0.1, "yolo": -0.7}}
    >>> decision_sentences(decision, Path("/new"))[1]
    'threshold가 0.400000보다 낮았다면 유해로 판정했을 것입니다.'
    """
    probability, threshold = decision["probability"], decision["threshold"]
    verdict = DECISIONS[decision["decision"]]
    turn = (
        f"threshold가 {number(probability, 6)} 이상이었다면 안전으로 판정했을 것입니다."
        if decision["decision"] == "harmful"
        else f"threshold가 {number(probability, 6)}보다 낮았다면 유해로 판정했을 것입니다."
    )
    largest = max(decision["contributions"].items(), key=lambda pair: abs(pair[1]))
    side = "유해" if largest[1] > 0 else "안전"
    return [
        f"{literal(_short_name(decision['path'], root))}: {particle(verdict, '으로/로')} 판정했습니다. 확률 "
        f"{number(probability)}, threshold {number(threshold)}, 둘의 차이 "
        f"{signed(probability - threshold)}입니다. 판정 번호는 {decision['id']}입니다.",
        turn,
        f"평균적인 학습 항목과 비교해 판정을 가장 많이 옮긴 백본은 {backbone_name(largest[0])}, 방향은 {side} "
        f"쪽입니다(logit {signed(largest[1])}).",
    ]


def nearest_table(decision: Mapping[str, Any]) -> pd.DataFrame:
    """List the training items that look nearest to the model, the nearest first.

    Parameters
    ----------
    decision : mapping

    Returns
    -------
    DataFrame
        Columns 학습 항목, 라벨, 닮은 정도 (cosine), 그 항목의 확률.

    Examples
    --------
    >>> item = {"item_id": "x.mp4", "label": 0, "probability": 0.2, "similarity": 0.99}
    >>> nearest_table({"nearest": [item]})
       학습 항목  라벨  닮은 정도  그 항목의 확률
    0  x.mp4  안전   0.99      0.2
    """
    return pd.DataFrame(
        [
            (n["item_id"], LABEL[n["label"]], n["similarity"], n["probability"])
            for n in decision["nearest"]
        ],
        columns=["학습 항목", "라벨", "닮은 정도", "그 항목의 확률"],
    )


def replay_sentence(probability: float, *, same: bool) -> str:
    """Say whether a replayed decision came out as it was recorded.

    Parameters
    ----------
    probability : float
        Of the replay.
    same : bool
        Whether it agrees with the record.

    Returns
    -------
    str

    Examples
    --------
    >>> replay_sentence(0.25, same=True)
    '다시 판정한 확률은 0.250000, 기록과 같은 판정입니다.'
    """
    verdict = "기록과 같은 판정입니다." if same else "기록과 다른 판정입니다. 원인을 찾으십시오."
    return f"다시 판정한 확률은 {number(probability, 6)}, {verdict}"
