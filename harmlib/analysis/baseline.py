"""The baseline: the classifier that calls everything harmful, which every model has to beat."""

from __future__ import annotations

BASELINE = "baseline"  # its name in the column `variant` of tables, and in `metrics.json`
