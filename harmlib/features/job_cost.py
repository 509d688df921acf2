"""What a long extraction will take, and cost, by what its first files took."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from harmlib.language import told

MEASURED = 100  # files
WORTH_IT = 1000  # files; fewer are done before anyone has read an estimate


@dataclass(frozen=True)
class JobCost:
    """An estimate of a job that has begun.

    Attributes
    ----------
    files : int
        Still to do.
    size : int
        Their bytes; 0 where that isn't known.
    sec_per_file : float
        As measured.
    price_per_hour : float or None
        Of all machines of the job together, in any currency.

    Examples
    --------
    >>> JobCost(7200, 3 << 30, 0.5, price_per_hour=2.4).text()
    '7,200 files (3.0 GiB) at 2.0 files a second: 1.0 hours, price 2.40'
    """

    files: int
    size: int
    sec_per_file: float
    price_per_hour: float | None = None

    @property
    def hours(self) -> float:
        """Until all is done, at this rate."""
        return self.files * self.sec_per_file / 3600

    @property
    def price(self) -> float | None:
        """Of these hours; None without a price of one."""
        return None if self.price_per_hour is None else self.hours * self.price_per_hour

    def text(self) -> str:
        """Say it in one line."""
        rate = 1 / self.sec_per_file if self.sec_per_file else float("inf")
        mib = self.size / (1 << 20)
        size = f" ({mib / 1024:,.1f} GiB)" if mib >= 1024 else f" ({mib:,.1f} MiB)" if mib else ""
        line = told(
            f"{self.files:,} files{size} at {rate:,.1f} files a second: {self.hours:,.1f} hours",
            f"파일 {self.files:,}개{size}, 초당 {rate:,.1f}개: {self.hours:,.1f}시간",
        )
        if self.price is None:
            return line
        return line + told(f", price {self.price:,.2f}", f", 비용 {self.price:,.2f}")


def spread(items: pd.DataFrame, count: int) -> pd.DataFrame:
    """Take some rows, evenly spread over a table.

    Parameters
    ----------
    items : DataFrame
    count : int
        At most so many.

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> spread(pd.DataFrame({"a": range(10)}), 3)["a"].tolist()
    [0, 3, 6]
    """
    if len(items) <= count:
        return items
    return items.iloc[[i * len(items) // count for i in range(count)]]


def bytes_of(items: pd.DataFrame) -> int:
    """Add up how large files are, wherever they lie: a manifest tells, so nobody is asked.

    Parameters
    ----------
    items : DataFrame
        Rows of a manifest.

    Returns
    -------
    int
        Bytes; 0 of a table that doesn't tell.

    Examples
    --------
    >>> bytes_of(pd.DataFrame({"path": ["s3://bucket/a.jpg", "b.jpg"], "size": [3, 4]}))
    7
    """
    return int(items["size"].sum()) if "size" in items else 0
