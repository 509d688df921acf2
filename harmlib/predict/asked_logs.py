"""The logs of decisions that somebody names: by a log, its table, or a folder of shards, anywhere.

What lies at an address is fetched: one log at a time, which is removed when it has been read.
"""

from __future__ import annotations

import heapq
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from harmlib.address import Address, AddressError, asking, look_up
from harmlib.language import told
from harmlib.media.remote_files import files_at
from harmlib.media.whole_file import temporary_prefix
from harmlib.predict import FORMATS
from harmlib.predict.decision_log import DecisionLog, Entry, LogError, find_among, is_called
from harmlib.predict.far_outputs import beside

ENDING = ".decisions.jsonl"
_UNKNOWN = datetime.min.replace(tzinfo=UTC)


class AskedLogs:
    """One log, or those of a folder of shards.

    Parameters
    ----------
    shown : Path or Address
        What messages call it.
    logs : list of Path or Address
        In the order of their names.
    """

    def __init__(self, shown: Path | Address, logs: list[Path] | list[Address]) -> None:
        self.shown, self.logs = shown, logs

    def __iter__(self) -> Iterator[Entry]:
        """The entries of all logs; raises LogError where one can't be fetched."""
        for where in self.logs:
            with _near(where) as log:
                yield from log

    def last(self, count: int) -> list[Entry]:
        """The entries that were made last, the newest at the end."""
        if len(self.logs) == 1:
            return list(deque(self, maxlen=count))
        return heapq.nlargest(count, self, key=_time)[::-1]

    def find(self, name: str) -> Entry:
        """The entry that `DecisionLog.find` would find if all were one log."""
        called: list[Entry] = []
        newest: list[Entry] = []  # for the message, from the same pass: each may be a transfer
        for entry in self:
            if is_called(entry, name):
                called.append(entry)
            if not newest or self._made(entry) >= self._made(newest[0]):
                newest = [entry]
        return find_among(sorted(called, key=self._made) or newest, name, self.shown)

    def _made(self, entry: Entry) -> datetime:
        """When; of a single log the order of its lines tells it better than their times."""
        return _time(entry) if len(self.logs) > 1 else _UNKNOWN


def _time(entry: Entry) -> datetime:
    """When an entry was made, whatever the time zone that it tells it in."""
    try:
        made = datetime.fromisoformat(str(entry.get("time", "")))
    except ValueError:
        return _UNKNOWN
    return made if made.tzinfo else made.replace(tzinfo=UTC)


@contextmanager
def _near(where: Path | Address) -> Iterator[DecisionLog]:
    """A log as a file of this machine, as long as the block runs."""
    if isinstance(where, Path):
        yield DecisionLog(where)
        return
    with tempfile.TemporaryDirectory(prefix=temporary_prefix("logs")) as folder:
        path = Path(folder, "log")
        try:
            with asking(where) as (system, remote):
                system.get_file(remote, str(path))
        except (OSError, AddressError) as error:
            raise LogError(str(error)) from None
        yield DecisionLog(path)


def asked_logs(where: Path | Address) -> AskedLogs:
    """Find the logs that a path or an address leads to.

    Parameters
    ----------
    where : Path or Address
        A log; a table of predictions, whose log lies beside it; or the folder of shards.

    Returns
    -------
    AskedLogs

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
    ...     asked_logs(Path(folder)).find("1.jpg")["id"]
    '1'
    """
    if isinstance(where, Path):
        return AskedLogs(*_on_this_machine(where))
    try:
        return AskedLogs(*_at_an_address(where))
    except (OSError, AddressError) as error:
        raise LogError(str(error)) from None


def _on_this_machine(where: Path) -> tuple[Path, list[Path]]:
    if where.is_dir():
        files = sorted(where.glob(f"*{ENDING}"))
        if not files:
            raise LogError(_none_in(where))
        return where, files
    if not _is_table(where):
        if not where.exists():
            raise LogError(_no_such(where))
        return where, [where]
    log = where.with_suffix(ENDING)
    if log.is_file():
        return log, [log]
    raise LogError(_table_alone(where) if where.is_file() else _no_such(where))


def _at_an_address(where: Address) -> tuple[Address, list[Address]]:
    """What the messages call the logs, and where they lie."""
    if where.name.endswith(ENDING):
        look_up(where)
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
