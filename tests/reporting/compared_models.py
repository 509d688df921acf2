"""Tables that compare models, with as little as the sentences look at."""

import pandas as pd

NAN = float("nan")


def chosen(**f1):
    return pd.DataFrame({"variant": list(f1), "f1": list(f1.values())})


def against(low, high, variants=("model4",), **more):
    columns = {
        "baseline": 0.84,
        "value": 0.95,
        "difference": 0.11,
        "corrected_low": low,
        "corrected_high": high,
        "groups": 20,
        "detectable": 0.056,
        "groups_needed": 500.0,
    }
    return pd.DataFrame({"variant": list(variants)} | columns | more)  # fmt: skip


def pairs(*rows, split="test", **more):
    """Rows of (a, b, difference, corrected_low, corrected_high)."""
    names = ["a", "b", "difference", "corrected_low", "corrected_high"]
    table = pd.DataFrame(rows, columns=names)
    columns = {"split": split, "metric": "f1", "groups_needed": 90.0, "p_mid": 0.21}
    return table.assign(**(columns | more))
