"""Finished shards that lack some files: these are tried again for many shards at once.

A call of a stream costs as much as a job does, on a cluster many times what a few files take. So
what shards lack is gathered, and each shard is written when the outcomes of its files are known.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from harmlib.address import Address
from harmlib.media.decoders import DecodeLimits
from harmlib.media.ledger import Unusable
from harmlib.predict.outputs import Part
from harmlib.predict.prediction import Prediction
from harmlib.predict.predictor import Predictor
from harmlib.predict.stream import Found, Stream

_FEW = 10  # of a shard's files one in so many at most: more are worth a job of their own

Outcomes = dict[str, Prediction | Unusable]  # by path


@dataclass(frozen=True)
class Shard:
    """Files that belong into one shard.

    Attributes
    ----------
    out : Path or Address
    files : list of Path, Address or Unusable
    part : Part
    """

    out: Path | Address
    files: list[Found]
    part: Part


class Postponed:
    """Shards that wait, in a file: all of them may hold more than memory does.

    Parameters
    ----------
    file : file object
        Of bytes, to be written and read; empty.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._lacking: list[list[Found]] = []  # of each shard

    def add(self, shard: Shard, lacking: list[Found]) -> bool:
        """Let a shard wait that lacks so few files that it should; else return False."""
        if len(lacking) * _FEW > len(shard.files):
            return False
        pickle.dump(shard, self._file)
        self._lacking.append(lacking)
        return True

    def tried_again(
        self, most: int, attempt: Callable[[list[Found]], Iterable[Prediction | Unusable]]
    ) -> Iterator[tuple[Shard, Outcomes]]:
        """Try what the shards lack, and give them with the outcomes one after the other.

        `attempt` is called with files of as many shards as lack `most` together.
        """
        self._file.seek(0)
        for some in _together(self._lacking, most):
            files = [one for lacking in some for one in lacking]
            outcomes = {one.path: one for one in attempt(files)}
            for _ in some:
                yield pickle.load(self._file), outcomes


def _together(lacking: list[list[Found]], most: int) -> Iterator[list[list[Found]]]:
    some: list[list[Found]] = []
    for own in lacking:
        if some and sum(map(len, some)) + len(own) > most:
            yield some
            some = []
        some.append(own)
    if some:
        yield some


def knowing(outcomes: Outcomes, stream: Stream) -> Stream:
    """A stream that knows what comes of some files already.

    Parameters
    ----------
    outcomes : dict of str to Prediction or Unusable
        By path; what is told is taken out.
    stream : Stream
        For all other files.

    Returns
    -------
    Stream
    """

    def known_or_predicted(
        predictors: list[Predictor],
        found: Iterable[Found],
        limits: DecodeLimits,
        notes: Path | None,
    ) -> Iterator[Prediction | Unusable]:
        others = []
        for one in found:
            if known := outcomes.pop(path_of(one), None):
                yield known
            else:
                others.append(one)
        if others:
            yield from stream(predictors, others, limits, notes)

    return known_or_predicted


def path_of(one: Found) -> str:
    """The name of a file, whether it was found or not.

    Parameters
    ----------
    one : Path, Address or Unusable

    Returns
    -------
    str

    Examples
    --------
    >>> path_of(Path("a.jpg")), path_of(Unusable("b.jpg", "no such file", "find"))
    ('a.jpg', 'b.jpg')
    """
    return one.path if isinstance(one, Unusable) else str(one)
