"""How widgets answer: one change at a time, mistakes in words, and a sign while Python is busy."""

from __future__ import annotations

import functools
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any, Protocol, TypeVar

import anywidget
import ipywidgets as widgets
import traitlets

Change = dict[str, Any]  # what ipywidgets says of a change: owner, name, old, new, ...


class Answering(Protocol):
    """What has observers: one at a time is setting widgets, and tells what went wrong."""

    is_setting: bool
    problem: widgets.HTML


_Who = TypeVar("_Who", bound=Answering)


def observer(method: Callable[[_Who, Change], None]) -> Callable[[_Who, Change], None]:
    """Make a method answer to what a person changes, and not to what another observer sets.

    An error is shown above the widgets before it is raised: JupyterLab hides it in its log.

    Parameters
    ----------
    method : callable
        Takes the change.

    Returns
    -------
    callable

    Examples
    --------
    >>> class Lab:
    ...     is_setting, problem = False, widgets.HTML()
    ...     @observer
    ...     def divide(self, change):
    ...         return 1 / change["new"]
    >>> Lab().divide({"new": 0})
    Traceback (most recent call last):
        ...
    ZeroDivisionError: division by zero
    >>> Lab.problem.value
    '<div class="harm-lab"><p role="alert">계산하지 못했습니다. ...ZeroDivisionError: division by zero...'
    """

    @functools.wraps(method)
    def observe(self: _Who, change: Change) -> None:
        if self.is_setting:
            return
        self.is_setting = True
        try:
            method(self, change)
            self.problem.value = ""
        except Exception as error:
            self.problem.value = alert(
                "계산하지 못했습니다. 아래에는 바꾸기 전의 수치가 남아 있을 수 있습니다. "
                f"{type(error).__name__}: {error}"
            )
            raise
        finally:
            self.is_setting = False

    return observe


def alert(text: str) -> str:
    """Write what went wrong, so that it is read out at once.

    Parameters
    ----------
    text : str
        Plain text; empty where nothing is wrong.

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> alert("a < b")
    '<div class="harm-lab"><p role="alert">a &lt; b</p></div>'
    """
    return f'<div class="harm-lab"><p role="alert">{escape(text)}</p></div>' if text else ""


class Busy(anywidget.AnyWidget):
    """A line that says when Python has not answered yet.

    The browser raises `asked` with every click, key and choice in the lab; Python answers in turn,
    behind whatever it is computing.

    Attributes
    ----------
    asked, answered : int
        How often the browser asked, and the last that Python has heard of.

    Examples
    --------
    >>> busy = Busy()
    >>> busy.asked = 3
    >>> busy.answered
    3
    """

    _esm = Path(__file__).with_name("busy.js")
    asked = traitlets.Int(0).tag(sync=True)
    answered = traitlets.Int(0).tag(sync=True)

    @traitlets.observe("asked")
    def _answer(self, change: Change) -> None:
        self.answered = change["new"]
