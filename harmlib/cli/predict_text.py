"""What `harmlib predict` says of its models before it begins, and of the decisions at its end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from harmlib.language import told

if TYPE_CHECKING:
    from harmlib.models.about import About
    from harmlib.predict.predictor import Predictor


def threshold_lines(predictors: list[Predictor], given: float | None) -> Iterator[str]:
    """Say which thresholds aren't the checkpoints' own.

    Parameters
    ----------
    predictors : list of Predictor
    given : float, optional
        The threshold of the command line.

    Yields
    ------
    str
    """
    for one in predictors:
        if given is not None:
            yield told(
                f"{one.modality}: threshold {given:.6g} as given (the checkpoint's own is "
                f"{one.checkpoint.threshold:.6g})",
                f"{one.modality}: 지정한 threshold {given:.6g}(체크포인트의 값은 "
                f"{one.checkpoint.threshold:.6g})",
            )
        for category, output in one.outputs.items() if one.policy else ():
            section = "-".join(filter(None, [one.modality, category]))
            own = output.checkpoint.threshold
            yield told(
                f"{section}: policy {one.policy}: threshold {output.threshold:.6g} (the "
                f"checkpoint's own is {own:.6g})",
                f"{section}: 정책 {one.policy}: threshold {output.threshold:.6g}(체크포인트의 값은 "
                f"{own:.6g})",
            )


def warnings_of(about: About) -> list[str]:
    """Say why a model's decisions may mean little.

    Parameters
    ----------
    about : About
        Of its checkpoint.

    Returns
    -------
    list of str
        Empty where nothing is known against it.
    """
    return [*_untrained(about), *_no_better(about)]


def _untrained(about: About) -> Iterator[str]:
    sections = {name: getattr(about.features, name, None) for name in about.backbones}
    names = [n for n, own in sections.items() if getattr(own, "weights", "") == "untrained"]
    if not names:
        return
    listed = ", ".join(names)
    if len(names) == len(about.backbones):
        listed = told(f"all backbones ({listed})", f"모든 백본({listed})")
    yield told(
        f"warning: {about.modality}: {listed} ran with untrained (random) weights. This model "
        "shows "
        "the procedure; train with `weights: pretrained` before you rely on a decision",
        f"주의: {about.modality}: {listed}의 가중치가 학습되지 않은 것(무작위)입니다. 절차를 "
        "보이는 "
        "모델이므로, 판정을 쓰기 전에 `weights: pretrained`로 학습하십시오",
    )


def _no_better(about: About) -> Iterator[str]:
    test = about.test
    if test is None or test.beats_baseline:
        return
    figures = told(
        f"F1 {test.f1:.3f} on {test.n:,} test items against {test.baseline_f1:.3f} of calling "
        "everything harmful",
        f"시험 항목 {test.n:,}개에서 F1 {test.f1:.3f}, 모두 유해라고 답하는 기준선 "
        f"{test.baseline_f1:.3f}",
    )
    if test.low is None:
        why = told(
            f"too few test groups ({test.groups}) to tell whether it is better",
            f"시험 그룹이 {test.groups}개뿐이어서 더 나은지 말할 수 없습니다",
        )
    else:
        why = told(
            f"95 % interval of the difference {test.low:+.3f} to {test.high:+.3f}: no evidence "
            "that "
            "it is better",
            f"차이의 95% 신뢰구간 {test.low:+.3f}~{test.high:+.3f}: 더 낫다고 볼 근거가 부족합니다",
        )
    warning = told("warning", "주의")
    yield f"{warning}: {about.modality}: {figures} ({why})"


def summary(decisions: Mapping[str, int], unusable: int) -> str:
    """Count the decisions in one line.

    Parameters
    ----------
    decisions : mapping of str to int
        By decision, and with bands by band.
    unusable : int
        Files without a decision.

    Returns
    -------
    str

    Examples
    --------
    >>> summary({"harmful": 3, "safe": 9, "pass": 7, "review": 4, "block": 1}, 2)
    '3 harmful, 9 safe, 2 unusable; by band: 7 pass, 4 review, 1 block'
    """
    names = {
        "harmful": told("harmful", "유해"),
        "safe": told("safe", "안전"),
        "pass": told("pass", "통과"),
        "review": told("review", "검토"),
        "block": told("block", "차단"),
    }

    def listed(keys: tuple[str, ...]) -> str:
        counts = ((names[key], decisions.get(key, 0)) for key in keys)
        parts = (told(f"{count:,} {name}", f"{name} {count:,}개") for name, count in counts)
        return ", ".join(parts)

    line = listed(("harmful", "safe"))
    line += told(f", {unusable:,} unusable", f", 쓸 수 없음 {unusable:,}개")
    if any(name in decisions for name in ("pass", "review", "block")):
        line += told("; by band: ", "; 구간: ") + listed(("pass", "review", "block"))
    return line
