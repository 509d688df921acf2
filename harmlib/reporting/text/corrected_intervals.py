"""Differences with their intervals, as sentences give them.

A difference is told from chance only where an interval that is corrected for the comparisons made
together excludes 0.
"""

from __future__ import annotations

from collections.abc import Iterable

from harmlib.language import written
from harmlib.reporting.text.cited_numbers import Row
from harmlib.reporting.text.korean import signed


def is_told(one: Row) -> bool:
    """Whether the corrected interval of a difference excludes 0.

    Parameters
    ----------
    one : Row
        With corrected_low and corrected_high, missing where there are too few groups.

    Returns
    -------
    bool

    Examples
    --------
    >>> import pandas as pd
    >>> from harmlib.reporting.text.cited_numbers import rows
    >>> ends = {"corrected_low": [-0.01, 0.01, None], "corrected_high": [0.02, 0.02, None]}
    >>> [is_told(one) for one in rows(pd.DataFrame(ends))]
    [False, True, False]
    """
    return bool(one.corrected_low > 0 or one.corrected_high < 0)


def interval_of(one: Row, *, corrected: bool = True) -> str:
    """Write the interval of a difference.

    Parameters
    ----------
    one : Row
        Of a table with DIFFERENCE_COLUMNS.
    corrected : bool
        Whether it is the one that is corrected for the number of comparisons.

    Returns
    -------
    str

    Examples
    --------
    >>> import pandas as pd
    >>> from harmlib.reporting.text.cited_numbers import at
    >>> ends = {"corrected_low": -0.01, "corrected_high": 0.02}
    >>> interval_of(at(pd.DataFrame([ends]), 0))
    '95% 신뢰구간 −0.0100~+0.0200'
    """
    low, high = (one.corrected_low, one.corrected_high) if corrected else (one.low, one.high)
    return written(
        f"95% CI {signed(low)} to {signed(high)}", f"95% 신뢰구간 {signed(low)}~{signed(high)}"
    )


def listed(differences: Iterable[tuple[str, Row]]) -> str:
    """List differences with their corrected intervals.

    Parameters
    ----------
    differences : iterable of (str, Row)
        What each is the difference of; its row of a table with DIFFERENCE_COLUMNS.

    Returns
    -------
    str

    Examples
    --------
    >>> import pandas as pd
    >>> from harmlib.reporting.text.cited_numbers import at
    >>> own = {"difference": 0.01, "corrected_low": -0.01, "corrected_high": 0.02}
    >>> listed([("CLIP", at(pd.DataFrame([own]), 0))])
    'CLIP(+0.0100, 보정한 95% 신뢰구간 −0.0100~+0.0200)'
    """
    return ", ".join(
        written(
            f"{name} ({signed(one.difference)}, corrected {interval_of(one)})",
            f"{name}({signed(one.difference)}, 보정한 {interval_of(one)})",
        )
        for name, one in differences
    )
