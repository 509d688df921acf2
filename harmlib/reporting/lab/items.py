"""The table of items of the lab: sorted, with veiled pictures, and a note to each item."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import anywidget
import pandas as pd
import traitlets

from harmlib.reporting.lab.item_rows import ALL, OUTCOMES, SORTED_BY, listed, with_outcomes
from harmlib.reporting.lab.notes import Notes
from harmlib.reporting.lab.pictures import Pictures
from harmlib.reporting.page.veiled_pictures import (
    no_picture,
    reach_choice,
    veil_all,
    veiled_picture,
    veiled_script,
    veiled_style,
)
from harmlib.reporting.text.cited_numbers import plain
from harmlib.reporting.text.korean import LABEL, number, signed

PAGE = 10  # items; each brings a picture
_HERE = Path(__file__).parent


def _text_of(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


class ItemTable(anywidget.AnyWidget):
    """The items of a range of probabilities, a page at a time.

    Python sorts and cuts into pages; the browser shows one page, asks for its pictures once it
    rests, and sends notes.

    Parameters
    ----------
    pictures : Pictures, optional
        Without them there is no column of pictures.
    notes : Notes, optional
        Without them there is no column of notes.
    on_pick : callable, optional
        Called with the item_id that a person picked, and with None when it is let go.

    Attributes
    ----------
    page : dict
        What the browser shows: rows, page, pages, total, by, descending, and which columns.
    problem : str
        What went wrong, in words; empty if nothing did.

    Examples
    --------
    >>> table = ItemTable()
    >>> table.show(pd.DataFrame({"item_id": ["a", "b"], "group": "g", "label": [0, 1],
    ...                          "probability": [0.75, 0.25]}), threshold=0.5)
    >>> [row["outcome"] for row in table.page["rows"]]
    ['오탐', '미탐']
    """

    # The table's own script stands last: it has the module's only export.
    _esm = f"{veiled_script()}\n{_text_of('items.js')}"
    _css = f"{veiled_style()}\n{_text_of('items.css')}"
    page: traitlets.Dict[str, Any] = traitlets.Dict({"rows": []}).tag(sync=True)
    problem = traitlets.Unicode("").tag(sync=True)
    tools = traitlets.Unicode(reach_choice() + veil_all()).tag(sync=True)

    def __init__(
        self,
        pictures: Pictures | None = None,
        notes: Notes | None = None,
        on_pick: Callable[[str | None], None] | None = None,
    ) -> None:
        super().__init__()
        self._pictures, self._notes, self._on_pick = pictures, notes, on_pick
        self._by, self._descending, self._at = "distance", False, 0
        self._wanted: tuple[pd.DataFrame, float, str, tuple[float, float]] | None = None
        self.picked: str | None = None
        self.on_msg(lambda _widget, content, _buffers: self.answer(content))

    def show(
        self,
        rows: pd.DataFrame,
        threshold: float,
        kind: str = ALL,
        brushed: tuple[float, float] = (0.0, 1.0),
    ) -> None:
        """Show the items of a kind within a range of probabilities, from their first page.

        Parameters
        ----------
        rows : DataFrame
            One row per item: columns item_id, group, label, probability.
        threshold : float
            What scores above it is flagged.
        kind : str
            One of `item_rows.KINDS`.
        brushed : tuple of (float, float)
            The lowest and the highest probability.
        """
        before, self._wanted = self._wanted, (rows, threshold, kind, brushed)
        if before is None or before[2:] != self._wanted[2:]:
            self._at = 0
        self._draw()

    def answer(self, content: dict[str, Any]) -> None:
        """Do what the browser asks; what goes wrong is told in `problem`.

        Parameters
        ----------
        content : dict
            `kind` (sort, page, pictures, note or pick) and what belongs to it.
        """
        asked = {
            "sort": self._sort, "page": self._turn, "pictures": self._send_pictures,
            "note": self._keep_note, "pick": self._pick,
        }  # fmt: skip
        try:
            asked[content["kind"]](content)
            self.problem = ""
        except Exception as error:
            told = isinstance(error, (ValueError, OSError))
            self.problem = str(error) if told else f"{type(error).__name__}: {error}"
            if content["kind"] == "note":
                self.send({"kind": "noted", "item": content["item"], "time": None})
            if not told:
                raise

    def _sort(self, content: dict[str, Any]) -> None:
        by = content["by"]
        if by not in SORTED_BY:
            raise ValueError(f"{by}: 정렬할 수 없는 열입니다.")
        self._descending = not self._descending if by == self._by else False
        self._by, self._at = by, 0
        self._draw()

    def _turn(self, content: dict[str, Any]) -> None:
        self._at = int(content["page"])
        self._draw()

    def _send_pictures(self, content: dict[str, Any]) -> None:
        if self._pictures is None:
            return
        wanted = [row["item"] for row in self.page["rows"] if row["item"] in content["items"]]
        found = self._pictures.of(wanted)
        html = {item: self._figure(item, found.get(item)) for item in wanted}
        self.send({"kind": "pictures", "html": html})

    def _figure(self, item: str, jpeg: bytes | None) -> str:
        if jpeg is None:
            return no_picture()
        row = next(row for row in self.page["rows"] if row["item"] == item)
        about = f"확률 {row['probability']}, 라벨 {row['label']}"
        facts = {
            "항목": item,
            "그룹": row["group"],
            "라벨": row["label"],
            "확률": row["probability"],
        }
        listed_facts = "".join(f"<dt>{k}</dt><dd>{escape(v)}</dd>" for k, v in facts.items())
        return (
            f"<figure>{veiled_picture(jpeg, item, about)}"
            f"<figcaption><dl>{listed_facts}</dl></figcaption></figure>"
        )

    def _keep_note(self, content: dict[str, Any]) -> None:
        if self._notes is None:
            raise ValueError("이 실행에는 메모를 둘 곳이 없습니다.")
        time = self._notes.keep(content["item"], content["note"])
        self.send({"kind": "noted", "item": content["item"], "time": time[11:16]})
        rows = self.page["rows"]
        new = [r | {"note": content["note"].strip()} if r["item"] == content["item"] else r
               for r in rows]  # fmt: skip
        self.page = self.page | {"rows": new}

    def _pick(self, content: dict[str, Any]) -> None:
        self.picked = None if content["item"] == self.picked else content["item"]
        if self._on_pick is not None:
            self._on_pick(self.picked)
        self._draw()

    def _draw(self) -> None:
        assert self._wanted is not None, "nothing to show yet"
        rows, threshold, kind, brushed = self._wanted
        notes, self.problem = {}, ""
        if self._notes is not None:
            try:
                notes = self._notes.texts()
            except ValueError as error:  # the items are worth seeing without their notes
                self.problem = str(error)
        items = with_outcomes(rows, threshold, notes)
        found = listed(items, kind, brushed, self._by, descending=self._descending)
        pages = max(1, -(-len(found) // PAGE))
        self._at = min(max(0, self._at), pages - 1)
        here = found.iloc[self._at * PAGE : (self._at + 1) * PAGE]
        self.page = {
            "rows": [self._shown(row) for row in here.to_dict("records")],
            "page": self._at, "pages": pages, "total": len(found), "of": len(items),
            "by": self._by, "descending": self._descending,
            "pictures": self._pictures is not None, "notes": self._notes is not None,
        }  # fmt: skip

    def _shown(self, row: dict[str, Any]) -> dict[str, Any]:
        return {
            "item": row["item_id"],
            "group": row["group"],
            "label": LABEL[row["label"]],
            "probability": plain(number(row["probability"])),
            "distance": plain(signed(row["distance"])),
            "outcome": OUTCOMES[row["outcome"]],
            "wrong": row["outcome"] in ("miss", "false_alarm"),
            "near": bool(row["near"]),
            "note": row["note"],
            "picked": row["item_id"] == self.picked,
        }
