"""What a saved model says of new files, in Korean: tables and sentences of 06_predict."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from harmlib.analysis.bands import Bands
from harmlib.analysis.drift import MIN_ITEMS, Drift
from harmlib.models.about import About
from harmlib.reporting.text.certainty import METHODS, OBJECTIVES
from harmlib.reporting.text.korean import (
    LABEL,
    MODALITY,
    model_name,
    number,
    particle,
    ratio,
    signed,
)

DECISIONS = {"harmful": "유해", "safe": "안전"}
BANDS = {"pass": "통과", "review": "검토", "block": "차단"}
BACKBONES = {"clip": "CLIP", "yolo": "YOLO", "slowfast": "SlowFast"}
METRICS = {
    "flagged_share": "유해 판정 비율",
    "harmful_share": "유해 비율(추정)",
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1",
    "brier": "Brier 점수",
}
VERDICTS = {
    "too_few": f"점수가 너무 적어 말할 수 없습니다. 서로 다른 출처가 {MIN_ITEMS}개는 있어야 합니다.",
    "steady": "달라졌다고 볼 까닭이 없습니다. threshold를 그대로 씁니다.",
    "watch": "무언가 달라졌습니다. 다음 보고 전에 살펴보십시오.",
    "choose_again": "threshold를 다시 고를 때입니다. 새로 라벨을 붙인 항목에서 고르십시오.",
}
REASONS = {
    "flagged_share_moved": "유해 판정 비율이 10%p 이상, 구간을 벗어나 움직였습니다.",
    "flagged_share_shifted": "유해 판정 비율이 구간을 벗어나 움직였습니다.",
    "distribution_changed": "점수의 분포가 검증과 다릅니다(Kolmogorov-Smirnov).",
    "f1_fell": "라벨이 있는 항목의 F1이 검증보다 구간을 벗어나 낮습니다.",
    "calibration_worsened": "Brier 점수가 검증보다 구간을 벗어나 나쁩니다.",
    "labels_too_few": f"라벨이 너무 적어 판단에 쓰지 않았습니다(출처 {MIN_ITEMS}개 미만이거나 한 클래스뿐).",
}
UNTRAINED = "untrained"


def checkpoint_table(about: About, threshold: float) -> pd.DataFrame:
    """What a checkpoint is, row by row: 항목, 값."""
    backbones = [
        f"{BACKBONES[name]}({_weights(str(spec['weights']))})"
        for name, spec in about.backbones.items()
    ]
    calibration = about.calibration
    rows = {
        "모델": f"{model_name(about.variant)}, epoch {about.epoch}",
        "Threshold": number(threshold),
        "고른 목적": OBJECTIVES.get(about.objective, about.objective),
        "백본": ", ".join(backbones),
        "확률 보정": f"{METHODS[calibration.method]}, T = {number(calibration.temperature, 2)}",
    }
    for split, name in (("train", "학습"), ("val", "검증")):
        harmful, safe = (about.counts[split][kind] for kind in ("harmful", "safe"))
        rows[f"{name} 유해:안전"] = f"{harmful:,} : {safe:,} ({ratio(harmful, safe)})"
    return pd.DataFrame({"항목": rows.keys(), "값": rows.values()})


def _weights(key: str) -> str:
    return "학습되지 않음" if key.startswith(UNTRAINED) else f"가중치 {key[:12]}"


def short_name(path: str, root: Path) -> str:
    """The name below `root`; a path elsewhere keeps its last part only."""
    try:
        return Path(path).relative_to(root).as_posix()
    except ValueError:
        return Path(path).name


def verdict_table(decisions: pd.DataFrame, root: Path) -> pd.DataFrame:
    """Verdicts for people, those farthest above the threshold first.

    decisions : `predictor.COLUMNS`, band
    """
    rows = decisions.sort_values(["margin", "path"], ascending=[False, True], kind="stable")
    return pd.DataFrame(
        {
            "파일": [short_name(path, root) for path in rows["path"]],
            "종류": rows["modality"].map(MODALITY).to_numpy(),
            "판정": rows["decision"].map(DECISIONS).to_numpy(),
            "확률": rows["probability"].to_numpy(),
            "선까지": [signed(margin) for margin in rows["margin"]],
            "구간": rows["band"].map(BANDS).to_numpy(),
        }
    )


def ledger_table(ledger: pd.DataFrame, root: Path) -> pd.DataFrame:
    """Files that could not be judged. ledger : path, modality, reason"""
    return pd.DataFrame(
        {
            "파일": [short_name(path, root) for path in ledger["path"]],
            "종류": ledger["modality"].map(MODALITY).fillna("알 수 없음").to_numpy(),
            "이유": [
                reason.replace(str(path), short_name(path, root))
                for path, reason in zip(ledger["path"], ledger["reason"], strict=True)
            ],
        }
    )


def verdict_counts(decisions: pd.DataFrame, ledger: pd.DataFrame, reused: int) -> str:
    """How many files were judged and how, and that none is missing."""
    harmful = int((decisions["decision"] == "harmful").sum())
    total = len(decisions) + len(ledger)
    return (
        f"파일 {total:,}개 가운데 {len(decisions):,}개를 판정했습니다"
        f"(유해 {harmful:,}개, 안전 {len(decisions) - harmful:,}개). 판정하지 못한 파일은 "
        f"{len(ledger):,}개입니다. 판정한 것 가운데 {reused:,}개는 이전에 판정한 결과를 다시 썼습니다."
    )


def band_lines(bands: Bands, modality: str) -> str:
    """Where the bands lie and what they promise, on validation alone."""
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
    text = (
        f"{MODALITY[modality]}: {'. '.join(parts)}. 검증에서 Recall {number(bands.min_recall, 2)} 이상, "
        f"차단의 Precision {number(bands.min_precision, 2)} 이상입니다."
    )
    if bands.pass_at is not None and bands.pass_at == bands.block_above:
        return f"{text} 두 선이 같아 사람이 검토할 구간이 없습니다."
    return text


def band_comparison(validation: pd.DataFrame, here: pd.DataFrame) -> pd.DataFrame:
    """Shares with their 95 % intervals on validation and here. Both : band, n, share, low, high."""
    columns = {"구간": validation["band"].map(BANDS).to_numpy()}
    for name, table in (("검증", validation), ("이 폴더", here)):
        columns[f"{name} 항목 수"] = table["n"].astype(int).to_numpy()
        columns[f"{name} 비율(95% 구간)"] = [
            f"{row.share:.1%} ({row.low:.1%} ~ {row.high:.1%})" for row in table.itertuples()
        ]
    return pd.DataFrame(columns)


def segment_table(decisions: list[dict], root: Path) -> pd.DataFrame:
    """Harmful stretches of long videos. decisions : of the log"""
    return pd.DataFrame(
        [
            (
                short_name(decision["path"], root),
                number(segment["start_sec"], 1),
                number(segment["end_sec"], 1),
                segment["peak_probability"],
            )
            for decision in decisions
            for segment in decision["segments"]
        ],
        columns=["파일", "시작(초)", "끝(초)", "최고 확률"],
    )


def strips_html(decisions: list[dict], root: Path, folder: Path) -> str:
    """The strips of segments, each folded away until a person opens it.

    folder : where the names of the strips start; strips that aren't there are passed over
    """
    folded = ""
    for decision in decisions:
        for segment in decision["segments"]:
            if "strip" in segment and (folder / segment["strip"]).exists():
                times = f"{number(segment['start_sec'], 1)}~{number(segment['end_sec'], 1)}초"
                title = f"{short_name(decision['path'], root)}, {times}"
                folded += _folded((folder / segment["strip"]).read_bytes(), title)
    return folded


def _folded(jpeg: bytes, title: str) -> str:
    data = base64.b64encode(jpeg).decode()
    return (
        f"<details><summary>장면 보기: {escape(title)}</summary>"
        f'<img src="data:image/jpeg;base64,{data}" alt="{escape(title, quote=True)}의 장면들" '
        'style="max-width:100%"></details>'
    )


def decision_sentences(decision: dict[str, Any], root: Path) -> list[str]:
    """One decision and what would have turned it. decision : an entry of the log"""
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
        f"{short_name(decision['path'], root)}: {particle(verdict, '으로/로')} 판정했습니다. 확률 "
        f"{number(probability)}, threshold {number(threshold)}, 선까지 "
        f"{signed(probability - threshold)}입니다. 판정 번호는 {decision['id']}입니다.",
        turn,
        f"평균적인 학습 항목과 견주어 판정을 가장 많이 옮긴 백본은 {BACKBONES[largest[0]]}, 방향은 {side} "
        f"쪽입니다(logit {signed(largest[1])}).",
    ]


def nearest_table(decision: dict[str, Any]) -> pd.DataFrame:
    """The training items that the model sees as nearest, the nearest first."""
    return pd.DataFrame(
        [
            (n["item_id"], LABEL[n["label"]], n["similarity"], n["probability"])
            for n in decision["nearest"]
        ],
        columns=["학습 항목", "라벨", "닮은 정도", "그 항목의 확률"],
    )


def replay_sentence(probability: float, *, same: bool) -> str:
    """The outcome of a replay, as `harmlib.predict.replay.Replay` has it."""
    verdict = (
        "기록과 같은 판정입니다." if same else "기록과 다른 판정입니다. 원인을 찾으십시오."
    )
    return f"다시 판정한 확률은 {number(probability, 6)}, {verdict}"


def drift_sentences(found: Drift, modality: str) -> list[str]:
    """The verdict on drift and its reasons."""
    flagged = found.table.set_index("metric").loc["flagged_share"]
    return [
        f"{MODALITY[modality]}: {VERDICTS[found.verdict]}",
        f"새 점수 {found.n_new:,}개를 검증 {found.n_validation:,}개와 견주었습니다. 유해 판정 비율은 검증 "
        f"{flagged['validation']:.1%}, 여기 {flagged['new']:.1%}입니다. 유해 비율만 달라졌다면 "
        f"{found.expected_flagged_share:.1%}였을 것입니다.",
        *(REASONS[reason] for reason in found.reasons),
    ]


def drift_table(found: Drift) -> pd.DataFrame:
    """Validation against the new scores, with the interval of each difference."""
    rows = found.table
    return pd.DataFrame(
        {
            "지표": rows["metric"].map(METRICS).to_numpy(),
            "검증": rows["validation"].to_numpy(),
            "새 점수": rows["new"].to_numpy(),
            "차이": [signed(value) for value in rows["difference"]],
            f"구간({found.level:.2%})": [
                f"{signed(row.low)} ~ {signed(row.high)}" for row in rows.itertuples()
            ],
        }
    )
