"""Paths of the command line that have to lie on this machine; an address is refused in words."""

from __future__ import annotations

import argparse
from pathlib import Path

from harmlib.address import Address, AddressError, place
from harmlib.language import told


def near_input(text: str) -> Path:
    """Read a path from which something is read, as the type of an option.

    Parameters
    ----------
    text : str
        A path, or a ``file://`` address.

    Returns
    -------
    Path

    Raises
    ------
    argparse.ArgumentTypeError
        For any other address; the message shows no credentials.

    Examples
    --------
    >>> near_input("file:///runs/a.pth").as_posix()
    '/runs/a.pth'
    """
    return _near(
        text,
        told(
            "this is read from this machine alone; copy it here first, and name the copy",
            "이 컴퓨터에 있는 것만 읽습니다. 먼저 이 컴퓨터로 복사하고 그 경로를 적으십시오",
        ),
    )


def near_output(text: str) -> Path:
    """Read a path to which something is written, as the type of an option.

    Parameters
    ----------
    text : str
        As for `near_input`.

    Returns
    -------
    Path

    Raises
    ------
    argparse.ArgumentTypeError
        As `near_input` does.

    Examples
    --------
    >>> near_output("s3://bucket/report.zip")
    Traceback (most recent call last):
    argparse.ArgumentTypeError: s3://bucket/report.zip: this is written on this machine alone; ...
    """
    return _near(
        text,
        told(
            "this is written on this machine alone; name a path here, and copy the result there "
            "(of s3:// with `aws s3 cp`)",
            "이 컴퓨터에만 씁니다. 이 컴퓨터의 경로를 적고, 끝난 뒤 그 주소로 복사하십시오"
            "(s3://라면 `aws s3 cp`)",
        ),
    )


def _near(text: str, why: str) -> Path:
    try:
        where = place(text)
    except AddressError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if isinstance(where, Address):
        raise argparse.ArgumentTypeError(f"{where}: {why}")
    return where
