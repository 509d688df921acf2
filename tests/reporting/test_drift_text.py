import numpy as np
import pandas as pd

from harmlib.analysis import drift
from harmlib.analysis.drift import compare_scores
from harmlib.reporting.text import drift as drift_text


def scores(n, seed, shift=0.0):
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, n)
    logit = rng.normal(2 * label - 1 + shift)
    columns = {"label": label, "probability": 1 / (1 + np.exp(-logit)), "group": np.arange(n)}
    return pd.DataFrame(columns)


def test_everything_that_drift_can_say_has_korean():
    assert set(drift_text.REASONS) == set(drift.REASONS)
    validation = scores(200, 1)
    for shift, n, verdict in ((0, 20, "too_few"), (0, 200, "steady"), (2, 200, "choose_again")):
        found = compare_scores(validation, scores(n, 2, shift), 0.5)
        lines = drift_text.drift_sentences(found, "video")
        assert lines[0] == f"비디오: {drift_text.VERDICTS[verdict]}"
        assert len(lines) == 2 + len(found.reasons)
        table = drift_text.drift_table(found)
        assert table["지표"].notna().all()
        assert table["새 점수"].tolist() == found.table["new"].tolist()
    assert f"여기 {found.table['new'][0]:.1%}" in lines[1]
    assert drift_text.VERDICTS["watch"]
