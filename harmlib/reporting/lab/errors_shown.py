"""The most instructive errors at a threshold, on request, in a gallery of veiled pictures."""

from __future__ import annotations

import ipywidgets as widgets
import pandas as pd

from harmlib.analysis.misclassified import instructive_errors
from harmlib.reporting.lab.pictures import Pictures
from harmlib.reporting.lab.views import paragraphs
from harmlib.reporting.page.gallery import gallery_html

_MOVED = "아래의 오류는 바꾸기 전의 threshold에서 본 것입니다. 현재 threshold에서 보려면 버튼을 다시 누르십시오."
Place = tuple[str, int, int, float]  # variant, seed, epoch, threshold


class ErrorsShown:
    """A gallery that is made when it is asked for, and says when it has grown old.

    Parameters
    ----------
    pictures : Pictures, optional
        Without them the gallery has none.

    Attributes
    ----------
    gallery : ipywidgets.Output
    note : ipywidgets.HTML
        What stands beside the button.

    Examples
    --------
    >>> ErrorsShown(None).gallery.outputs
    ()
    """

    def __init__(self, pictures: Pictures | None) -> None:
        self._pictures = pictures
        self._place: Place | None = None
        self.gallery, self.note = widgets.Output(), widgets.HTML()

    def show(self, rows: pd.DataFrame, title: str, place: Place) -> None:
        """Show the errors of `rows` at a threshold.

        Parameters
        ----------
        rows : DataFrame
            As `instructive_errors` takes them.
        title : str
            The gallery's.
        place : tuple of (str, int, int, float)
            Variant, seed, epoch, and the threshold.
        """
        errors = instructive_errors(rows, place[-1])
        pictures = self._pictures.of(errors["item_id"]) if self._pictures else None
        # An HTML widget would not run the script that shows a picture on request.
        data = {"text/html": gallery_html(errors, pictures, title), "text/plain": title}
        self.gallery.outputs = ({"output_type": "display_data", "data": data, "metadata": {}},)
        self._place = place
        self.note.value = ""

    def compare(self, place: Place) -> None:
        """Say whether the errors that are shown are those of another threshold.

        Parameters
        ----------
        place : tuple of (str, int, int, float)
            Where the lab stands now.
        """
        is_old = self._place not in (None, place)
        self.note.value = paragraphs(_MOVED if is_old else "")
