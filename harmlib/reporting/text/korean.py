"""Names in the tables in both languages, numbers as people read them, particles that fit."""

from __future__ import annotations

from datetime import datetime
from typing import get_args

from harmlib.analysis.baseline import BASELINE
from harmlib.analysis.optimism import BEST
from harmlib.language import Wordings, written
from harmlib.params import FeatureParams
from harmlib.reporting.text.cited_numbers import CitedNumber, plain


class _Sections(Wordings):
    """Modalities, and sections of categories: ``image-gun`` is 이미지 gun. Others stay as they are."""

    def __getitem__(self, name: str) -> str:
        if name in self._wordings:
            return super().__getitem__(name)
        modality, hyphen, category = name.partition("-")
        known = hyphen and modality in self._wordings
        return f"{super().__getitem__(modality)} {category}" if known else name


# Modalities, and the sections of a table of scores, which may be its categories.
MODALITY = _Sections(
    {"image": ("Image", "이미지"), "video": ("Video", "비디오"), "all": ("All", "전체")}
)
SPLIT = Wordings(
    {"train": ("training", "학습"), "val": ("validation", "검증"), "test": ("test", "시험")}
)
LABEL = Wordings({1: ("harmful", "유해"), 0: ("safe", "안전")})

COLUMNS = Wordings(
    {
        "modality": ("Kind", "종류"),
        "variant": ("Model", "모델"),
        "epoch": ("Epoch", "Epoch"),
        "split": ("Split", "분할"),
        "label": ("Label", "라벨"),
        "threshold": ("Threshold", "Threshold"),
        "best_threshold": ("Best threshold", "최적 Threshold"),
        "precision": ("Precision", "Precision"),
        "recall": ("Recall", "Recall"),
        "f1": ("F1", "F1"),
        "best_precision": ("Precision", "Precision"),
        "best_recall": ("Recall", "Recall"),
        "best_f1": ("F1", "F1"),
        "accuracy": ("Accuracy", "정확도"),
        "specificity": ("Specificity", "특이도"),
        "average_precision": ("AP", "AP"),
        "roc_auc": ("AUC", "AUC"),
        "mcc": ("MCC", "MCC"),
        "flagged_share": ("Flagged share", "유해 판정 비율"),
        "train_loss": ("Training loss", "학습 Loss"),
        "val_loss": ("Validation loss", "검증 Loss"),
        "learning_rate": ("Learning rate", "학습률"),
        "seconds": ("Time (s)", "시간(초)"),
        "n": ("Items", "항목 수"),
        "harmful": ("Harmful", "유해 수"),
        "tp": ("TP", "TP"),
        "fp": ("FP", "FP"),
        "fn": ("FN", "FN"),
        "tn": ("TN", "TN"),
        "model": ("Model", "모델"),
        "unique": ("One solution", "해가 하나뿐"),
        "name": ("Name", "이름"),
        "metric": ("Metric", "지표"),
        "value": ("Value", "값"),
        "low": ("95% lower", "95% 하한"),
        "high": ("95% upper", "95% 상한"),
        "objective": ("Objective", "목적"),
        "state": ("State", "상태"),
        "figure": ("Figure", "구분"),
        "method": ("Calibration", "보정"),
        "p_calibrated": ("p of calibrated", "보정됨의 p"),
        "validation_f1": ("Validation F1", "검증 F1"),
        "decisions": ("Decisions", "판정 수"),
        "f1_sd": ("SD of F1 over seeds", "F1의 seed 표준편차"),
        "prevalence": ("Harmful share", "유해 비율"),
        "reweighted_threshold": ("Threshold chosen anew", "다시 고른 Threshold"),
        "reweighted_precision": ("Precision chosen anew", "다시 고른 Precision"),
        "reweighted_recall": ("Recall chosen anew", "다시 고른 Recall"),
        "difference": ("Difference", "차이"),
        "value_a": ("Reference model", "기준 모델"),
        "value_b": ("Compared model", "비교 모델"),
        "only_a": ("Only reference right", "기준만 정답"),
        "only_b": ("Only compared right", "비교만 정답"),
        "p_mid": ("mid-p", "mid-p"),
        "a": ("Reference", "기준"),
        "b": ("Compared", "비교"),
        "plateau_low": ("Plateau from", "평탄 구간 시작"),
        "plateau_high": ("Plateau to", "평탄 구간 끝"),
        "gain_low": ("F1 above baseline: lower", "기준선과의 F1 차이: 하한"),
        "gain_high": ("F1 above baseline: upper", "기준선과의 F1 차이: 상한"),
        "corrected_low": ("Corrected lower", "보정 하한"),
        "corrected_high": ("Corrected upper", "보정 상한"),
        "groups_needed": ("Groups to tell it", "알아볼 그룹 수"),
        "harmful_groups": ("Harmful groups", "유해 그룹 수"),
        "safe_groups": ("Safe groups", "안전 그룹 수"),
        "pos_weight": ("pos_weight", "pos_weight"),
        "unweighted_threshold": (
            "Threshold on the unweighted scale",
            "가중치 없는 척도의 threshold",
        ),
        "half_unweighted": ("What 0.5 is there", "0.5에 해당하는 값"),
        "min_recall": ("Recall floor", "Recall 하한"),
        "units": ("Harmful groups", "유해 그룹 수"),
        "feasible": ("Possible", "가능"),
        "promise": ("How the floor is kept", "하한을 지키는 방식"),
        "shortfall": ("Chance that one falls short", "한 번이 하한에 못 미칠 확률"),
        "test_recall": ("Mean recall of test groups", "시험 그룹의 평균 Recall"),
        "test_low": ("Test 95% lower", "시험 95% 하한"),
        "test_high": ("Test 95% upper", "시험 95% 상한"),
        "test_flagged_share": ("Flagged share on test", "시험 유해 판정 비율"),
        "path": ("File", "파일"),
        "step": ("Step", "단계"),
        "reason": ("Reason", "이유"),
        "group": ("Group", "그룹"),
        "backbone": ("Backbone", "백본"),
        "weights": ("Weights", "가중치"),
        "dim": ("Dimensions", "차원"),
        "items": ("Items", "항목 수"),
        "precision_used": ("Precision of numbers", "정밀도"),
        "sampling": ("Sampling", "표본 추출"),
    }
)

# How the last sound of a digit's Korean reading ends: 영 일 이 삼 사 오 육 칠 팔 구.
_DIGIT_CLOSED = dict(zip("0123456789", (1, 1, 0, 1, 0, 0, 1, 1, 1, 0), strict=True))
_RIEUL_DIGITS, _RIEUL_LETTERS = "178", "LRlr"
# Latin letters whose Korean names end in a consonant: 엘 엠 엔 알.
_LETTER_CLOSED = "LMNRlmnr"


def baseline_name() -> str:
    """Say what the classifier is called that calls everything harmful.

    Returns
    -------
    str

    Examples
    --------
    >>> baseline_name()
    '모두 유해(기준선)'
    """
    return written("all harmful (baseline)", "모두 유해(기준선)")


def model_name(variant: str) -> str:
    """Say a variant's name as the report writes it.

    Parameters
    ----------
    variant : str
        A name from the params, `baseline`, or `optimism.BEST`.

    Returns
    -------
    str
        `model4` is Model 4; any other name stays as its author wrote it.

    Examples
    --------
    >>> model_name("model4"), model_name("mine"), model_name("baseline")
    ('Model 4', 'mine', '모두 유해(기준선)')
    """
    if variant == BASELINE:
        return baseline_name()
    if variant == BEST:
        return written("choosing the best model", "가장 나은 모델 고르기")
    number = variant.removeprefix("model")
    return f"Model {number}" if number.isdigit() and variant != number else variant


def backbone_name(name: str) -> str:
    """Say a backbone's name as its params class spells it.

    Parameters
    ----------
    name : str
        A key of `features:` in the params, such as `clip`.

    Returns
    -------
    str

    Raises
    ------
    KeyError
        The params have no such key.

    Examples
    --------
    >>> backbone_name("slowfast")
    'SlowFast'
    """
    kinds = get_args(FeatureParams.model_fields[name].annotation)
    display_name: str = next(k.display_name for k in kinds if hasattr(k, "display_name"))
    return display_name


def particle(word: str, pair: str) -> str:
    """Put the particle behind a word that its last sound asks for.

    Parameters
    ----------
    word : str
        Korean, Latin letters or digits; a number may cite its cell.
    pair : str
        Both forms, the one after a consonant first: '은/는', '이/가', '을/를', '과/와', '으로/로'.

    Returns
    -------
    str
        The word and its particle.

    Examples
    --------
    >>> particle("Model 3", "은/는"), particle("0.7", "으로/로")
    ('Model 3은', '0.7로')
    """
    closed, open_ = pair.split("/")
    heard = plain(word).replace("%", "퍼센트").replace("CLIP", "클립")  # read as a word
    last = next((c for c in reversed(heard) if c.isalnum()), "")
    if "가" <= last <= "힣":
        tail = (ord(last) - ord("가")) % 28
        is_closed, is_rieul = tail > 0, tail == 8
    else:
        is_closed = bool(_DIGIT_CLOSED.get(last, last in _LETTER_CLOSED and last != ""))
        is_rieul = last != "" and last in _RIEUL_DIGITS + _RIEUL_LETTERS
    if pair == "으로/로" and is_rieul:
        is_closed = False
    return word + (closed if is_closed else open_)


def number(value: float, digits: int = 4) -> str:
    """Write a figure with a fixed number of digits, and a dash for a missing one.

    Parameters
    ----------
    value : float
        NaN where there is none.
    digits : int
        Digits behind the point.

    Returns
    -------
    str

    Examples
    --------
    >>> number(0.12345), number(float("nan"))
    ('0.1235', '–')
    """
    return "–" if value != value else f"{value:.{digits}f}"


def signed(value: float, digits: int = 4) -> str:
    """Write a difference with its sign (a typographic minus), and a dash for a missing one.

    Parameters
    ----------
    value : float
        NaN where there is none.
    digits : int
        Digits behind the point.

    Returns
    -------
    str

    Examples
    --------
    >>> signed(-0.01), signed(0.5, 2)
    ('−0.0100', '+0.50')
    """
    if value != value:
        return "–"
    text = f"{value:+.{digits}f}"
    return text if isinstance(value, CitedNumber) else text.replace("-", "−")


def ratio(harmful: int, safe: int) -> str:
    """Write harmful : safe as the report does.

    Parameters
    ----------
    harmful, safe : int
        Items of each class.

    Returns
    -------
    str
        A dash where nothing is safe.

    Examples
    --------
    >>> ratio(2393, 893)
    '2.68:1'
    """
    return f"{harmful / safe:.2f}:1" if safe else "–"


def korean_time(moment: datetime) -> str:
    """Write a date and a time of day.

    Parameters
    ----------
    moment : datetime
        Its own time zone is kept.

    Returns
    -------
    str

    Examples
    --------
    >>> korean_time(datetime(2026, 3, 1, 14, 5))
    '2026년 3월 1일 14시 5분'
    """
    return f"{moment.year}년 {moment.month}월 {moment.day}일 {moment.hour}시 {moment.minute}분"
