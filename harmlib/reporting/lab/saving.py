"""Two buttons that write the chosen threshold into files, and say what to do with them."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import ipywidgets as widgets

from harmlib.params.places import portable
from harmlib.reporting.lab.answers import Change, alert, observer
from harmlib.reporting.lab.threshold_files import Kept, ThresholdFiles
from harmlib.reporting.lab.threshold_form import row
from harmlib.reporting.text.korean import model_name, number

_WHAT = (
    "현재 threshold를 새 파일로 저장합니다. <b>params</b>는 이 threshold로 고정해 다시 실행하고 시험 결과를 한 "
    "번 보기 위한 것이고, <b>policy</b>는 저장된 모델이 새 파일을 이 threshold로 판정하게 하는 것입니다."
)
_NO_POLICY = (
    "저장된 모델은 다른 epoch의 것이어서 이 threshold를 그대로 쓸 수 없습니다. policy로 저장하려면 Epoch을 "
    "저장된 모델의 것으로 바꾸십시오."
)


class Saving:
    """The buttons, and what they say.

    Parameters
    ----------
    files : ThresholdFiles
        What writes.

    Attributes
    ----------
    view : ipywidgets.Widget
    """

    def __init__(self, files: ThresholdFiles) -> None:
        self._files = files
        self._chosen: tuple[str, float, str] | None = None
        self.is_setting = False
        self.problem, self.told, self._why_not = (widgets.HTML() for _ in range(3))
        wide = {"width": "22em"}
        self.params_button = widgets.Button(description="threshold를 params로 저장", layout=wide)
        self.policy_button = widgets.Button(description="threshold를 policy로 저장", layout=wide)
        self.params_button.on_click(self._keep_params)
        self.policy_button.on_click(self._keep_policy)
        what = widgets.HTML(f'<div class="harm-lab"><p>{_WHAT}</p></div>')
        buttons = row(self.params_button, self.policy_button, self._why_not)
        self.view = widgets.VBox([what, buttons, self.problem, self.told])

    def choose(
        self,
        variant: str,
        _seed: int,
        _epoch: int,
        threshold: float,
        objective: str,
        *,
        is_saved: bool,
    ) -> None:
        """Say what a press would save.

        Parameters
        ----------
        variant : str
        threshold : float
        objective : str
            What the threshold was chosen for.
        is_saved : bool
            Whether the scores are those of the saved classifier.
        """
        self._chosen = variant, threshold, objective
        self.policy_button.disabled = not is_saved
        self._why_not.value = "" if is_saved else f'<div class="harm-lab"><p>{_NO_POLICY}</p></div>'

    @observer
    def _keep_params(self, _: Change) -> None:
        assert self._chosen is not None
        variant, threshold, _objective = self._chosen
        self._keep(lambda: self._files.as_params(variant, threshold))

    @observer
    def _keep_policy(self, _: Change) -> None:
        assert self._chosen is not None
        chosen = self._chosen
        self._keep(lambda: self._files.as_policy(*chosen))

    def _keep(self, write: Callable[[], Kept]) -> None:
        assert self._chosen is not None
        try:
            kept = write()
        except (ValueError, OSError) as error:
            self.told.value = alert(str(error))
            return
        variant, threshold, _ = self._chosen
        done = "저장했습니다" if kept.is_new else "같은 내용으로 이미 저장되어 있습니다"
        self.told.value = (
            f'<div class="harm-lab"><p role="status">{escape(model_name(variant))}의 threshold '
            f"{number(threshold)}: <code>{escape(portable(kept.path))}</code>에 {done}. 프로젝트 폴더에서:"
            f"</p><pre>{escape(kept.command)}</pre></div>"
        )
