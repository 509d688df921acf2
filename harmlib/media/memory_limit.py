"""How near this process has come to its limit on memory: FFmpeg doesn't always say so."""

from __future__ import annotations

import contextlib
import resource
from pathlib import Path

_NEAR = 0.75  # of the limit; the last allocation, which failed, isn't counted


def limit_memory(max_bytes: int) -> None:
    """Set what this process may take; an allocation beyond it fails.

    Parameters
    ----------
    max_bytes : int
        Of data of its own; memory that is shared with another process doesn't count.

    Examples
    --------
    >>> limit_memory(resource.getrlimit(resource.RLIMIT_DATA)[0])  # what it is already
    """
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    soft = max_bytes if hard == resource.RLIM_INFINITY else min(max_bytes, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def data_bytes(*, peak: bool = False) -> int:
    """Return what counts against the limit now, or what counted at most, about.

    Parameters
    ----------
    peak : bool
        Since this process began.

    Returns
    -------
    int
        0 where the system doesn't tell (not Linux).

    Examples
    --------
    >>> data_bytes() <= data_bytes(peak=True)
    True
    """
    kib = {"VmData": 0, "VmPeak": 0, "VmSize": 0}
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name in kib:
                kib[name] = int(value.split()[0])
    return (kib["VmData"] + peak * (kib["VmPeak"] - kib["VmSize"])) << 10


def ran_short() -> bool:
    """Tell whether this process has come near its limit on memory, so that errors may be due to it.

    Returns
    -------
    bool
        False where there is no limit.

    Examples
    --------
    >>> ran_short()
    False
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_DATA)
    return soft != resource.RLIM_INFINITY and data_bytes(peak=True) > _NEAR * soft
