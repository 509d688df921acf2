"""The logs of decisions that somebody names: by a log, its table, or a folder of shards, anywhere.

What lies at an address is fetched.
"""

from __future__ import annotations

import heapq
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harmlib.address import Address, AddressError, asking, look_up
from harmlib.language import told
from harmlib.media.remote_files import files_at
from harmlib.media.whole_file import temporary_prefix
from harmlib.predict import FORMATS
from harmlib.predict.decision_log import DecisionLog, Entry, LogError, find_among, is_called
from harmlib.predict.far_outputs import beside

ENDING = ".decisions.jsonl"


class AskedLogs:
    """One log, or those of a folder of shards.

    Parameters
    ----------
    shown : Path or Address
        What messages call it.
    logs : list of DecisionLog
        In the order of their names.
    """

    def __init__(self, shown: Path | Address, logs: list[DecisionLog]) -> None:
        self.shown, self.logs = shown, logs

    def __iter__(self) -> Iterator[Entry]:
        for log in self.logs:
            yield from log

    def last(self, count: int) -> list[Entry]:
        """The entries that were made last, the newest at the end."""
        if len(self.logs) == 1:
            return list(self)[-count:]
        return heapq.nlargest(count, self, key=_time)[::-1]

    def find(self, name: str) -> Entry:
        """The entry that `DecisionLog.find` would find if all were one log."""
        called = [one for one in self if is_called(one, name)]
        if len(self.logs) > 1:  # of one the order is that in which they were made
            called.sort(key=_time)
        return find_among(called or self.last(1), name, self.shown)


def _time(entry: Entry) -> str:
    return str(entry.get("time", ""))


@contextmanager
def asked_logs(where: Path | Address) -> Iterator[AskedLogs]:
    """Open the logs that a path or an address leads to.

    Parameters
    ----------
    where : Path or Address
        A log; a table of predictions, whose log lies beside it; or the folder of shards.

    Yields
    ------
    AskedLogs
        To be read while the block runs.

    Raises
    ------
    LogError
        If there is no log, or none that can be reached.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for number in range(2):
    ...         log = DecisionLog(Path(folder, f"part-0000{number}.decisions.jsonl"))
    ...         log.append({"id": f"{number}", "path": f"{number}.jpg", "model_id": "m"})
    ...     with asked_logs(Path(folder)) as logs:
    ...         logs.find("1.jpg")["id"]
    '1'
    """
    if isinstance(where, Path):
        yield AskedLogs(*_on_this_machine(where))
        return
    with tempfile.TemporaryDirectory(prefix=temporary_prefix("logs")) as folder:
        try:
            shown, files = _at_an_address(where)
            logs = [_fetched(file, Path(folder, f"{i}")) for i, file in enumerate(files)]
        except (OSError, AddressError) as error:
            raise LogError(str(error)) from None
        yield AskedLogs(shown, logs)


def _on_this_machine(where: Path) -> tuple[Path, list[DecisionLog]]:
    if where.is_dir():
        files = sorted(where.glob(f"*{ENDING}"))
        if not files:
            raise LogError(_none_in(where))
        return where, [DecisionLog(file) for file in files]
    if not _is_table(where):
        if not where.exists():
            raise LogError(_no_such(where))
        return where, [DecisionLog(where)]
    log = where.with_suffix(ENDING)
    if log.is_file():
        return log, [DecisionLog(log)]
    raise LogError(_table_alone(where) if where.is_file() else _no_such(where))


def _at_an_address(where: Address) -> tuple[Address, list[Address]]:
    """What the messages call the logs, and where they lie."""
    if where.name.endswith(ENDING):
        return where, [where]
    if not _is_table(where):
        files = [one for one in files_at(where) if one.name.endswith(ENDING)]
        if not files:
            raise LogError(_none_in(where))
        return where, files
    log = beside(where, ENDING)
    assert isinstance(log, Address)
    try:
        look_up(log)
    except FileNotFoundError:
        look_up(where)
        raise LogError(_table_alone(where)) from None
    return log, [log]


def _fetched(where: Address, path: Path) -> DecisionLog:
    with asking(where) as (system, remote):
        system.get_file(remote, str(path))
    return DecisionLog(path)


def _is_table(where: Path | Address) -> bool:
    return where.suffix in FORMATS and not where.name.endswith(ENDING)


def _no_such(where: Path) -> str:
    return told(f"{where}: there is no such log", f"{where}: 그런 기록이 없습니다")


def _none_in(folder: Path | Address) -> str:
    return told(
        f"{folder}: a folder without a log (*{ENDING}); `harmlib predict --out` writes them beside "
        "its tables",
        f"{folder}: 기록(*{ENDING})이 없는 폴더입니다. 기록은 `harmlib predict --out`이 표 옆에 "
        "씁니다",
    )


def _table_alone(table: Path | Address) -> str:
    log = beside(table, ENDING).name
    return told(
        f"{table}: a table; its log {log} does not lie beside it, and a table alone can't explain "
        "a decision. Predict with --out to keep a log",
        f"{table}: 판정 표입니다. 기록 {log}이 옆에 없어 판정을 설명할 수 없습니다. --out을 주어 "
        "판정하면 기록이 남습니다",
    )
