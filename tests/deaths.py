"""Ways in which a process that decodes can end, really done by the process that decodes."""

import signal
import time

from harmlib.media import contained as contained_module
from harmlib.media import held_video
from harmlib.media.decoders import DecodeLimits

SOON = DecodeLimits(max_sec=1.0, max_gib=0.5)
ENDLESS = "[0 for _ in iter(int, 1)]"  # never comes back to Python's caller
FILL = "[bytes(1 << 24) for _ in range(10_000)]"

# Name: function, its arguments, and what the ledger says.
DEATHS = {
    "segmentation fault": (
        signal.raise_signal, (signal.SIGSEGV,), "the decoder crashed on this file (signal 11)",
    ),
    "abort": (signal.raise_signal, (signal.SIGABRT,), "crashed on this file (signal 6)"),
    "bus error": (signal.raise_signal, (signal.SIGBUS,), "crashed on this file (signal 7)"),
    "arithmetic": (signal.raise_signal, (signal.SIGFPE,), "crashed on this file (signal 8)"),
    "illegal instruction": (signal.raise_signal, (signal.SIGILL,), "on this file (signal 4)"),
    "read through a null pointer": (
        eval, ("__import__('ctypes').string_at(0)",), "crashed on this file (signal 11)",
    ),
    "killed": (signal.raise_signal, (signal.SIGKILL,), "killed on this file (signal 9)"),
    "ended by itself": (eval, ("__import__('os')._exit(3)",), "(exit status 3)"),
    "endless sleep": (time.sleep, (999,), "decoding took longer than 1 s (data.max_decode_sec)"),
    "endless loop in C": (eval, ("sum(iter(int, 1))",), "decoding took longer than 1 s"),
    "endless loop in Python": (eval, (ENDLESS.replace("[", "any(").replace("]", ")"),),
                               "decoding took longer than 1 s"),
    "memory that never ends": (eval, (FILL,), "needs more memory"),
}  # fmt: skip


def dies_on(monkeypatch, path, death):
    """Whatever reads `path` in a process of its own dies there; all other files are read."""
    killer, killed_by, reason = DEATHS[death]
    for module, name in (
        (contained_module, "contained"),
        (contained_module, "contained_stream"),
        (held_video, "Conversation"),
    ):
        real = getattr(module, name)

        def call(limits, function, one, *args, real=real):
            if one == path:
                return real(SOON, killer, *killed_by)
            return real(limits, function, one, *args)

        monkeypatch.setattr(module, name, call)
    return reason
