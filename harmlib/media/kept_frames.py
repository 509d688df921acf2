"""Decoded frames of a file, kept while they are few enough: nothing is decoded for them again."""

from __future__ import annotations

import av


class KeptFrames:
    """The frames of a file's video streams as the decoder gave them, in order.

    Parameters
    ----------
    max_bytes : int
        What they may take together. Beyond that none is kept, not even those that were.

    Attributes
    ----------
    by_stream : dict of int to list of av.VideoFrame
        Number of the stream to its frames; empty where there were too many.
    total_bytes : int
        What they take.

    Examples
    --------
    >>> kept = KeptFrames(max_bytes=1000)
    >>> for _ in range(3):
    ...     kept.add(0, av.VideoFrame(16, 16, "gray"))
    >>> len(kept.by_stream[0])
    3
    >>> kept.add(0, av.VideoFrame(16, 16, "gray"))
    >>> kept.by_stream
    {}
    """

    def __init__(self, max_bytes: int) -> None:
        self.by_stream: dict[int, list[av.VideoFrame]] = {}
        self.total_bytes = 0
        self._max_bytes = max_bytes

    def add(self, stream: int, frame: av.VideoFrame) -> None:
        """Keep one more frame, or from then on none."""
        self.total_bytes += sum(plane.buffer_size for plane in frame.planes)
        if self.total_bytes > self._max_bytes:
            self.forget()
        else:
            self.by_stream.setdefault(stream, []).append(frame)

    def forget(self) -> None:
        """Keep none, neither those that were kept nor those to come."""
        self._max_bytes = -1
        self.total_bytes = 0
        self.by_stream.clear()
