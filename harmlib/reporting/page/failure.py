"""The page of a run that stopped: which step, why, in plain words, and where to look."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path

from harmlib.language import Wordings, written

_MARK = '<section class="error" data-state="failed"'
# What each class of error means to the person who started the run; the page adds the message.
_MEANINGS = Wordings(
    {
        "DataError": (
            "The media files or the CSV can't be used. Check the path, the folders and the CSV's columns.",
            "미디어 파일이나 CSV를 사용할 수 없습니다. 경로와 폴더 구조, CSV의 열을 확인하십시오.",
        ),
        "SplitError": (
            "The data can't be divided into training, validation and test: classes or groups are too few.",
            "데이터를 학습·검증·시험으로 나눌 수 없습니다. 클래스나 그룹이 부족합니다.",
        ),
        "MediaError": ("A media file can't be read.", "미디어 파일을 읽을 수 없습니다."),
        "ParamsError": (
            "The params file has a value that can't be used.",
            "설정 파일에 사용할 수 없는 값이 있습니다.",
        ),
        "ParameterError": (
            "The parameters that were given to the notebook don't fit.",
            "노트북에 전달된 파라미터가 맞지 않습니다.",
        ),
        "MissingTable": (
            "A table is missing that an earlier step should have written. Run from that step on.",
            "앞 단계가 만들었어야 할 표가 없습니다. 앞 단계부터 다시 실행하십시오.",
        ),
        "WeightsError": (
            "Pretrained weights weren't found, or are others.",
            "사전 학습된 가중치를 찾지 못했거나 내용이 다릅니다.",
        ),
        "CheckpointError": ("A saved model can't be read.", "저장된 모델을 읽을 수 없습니다."),
        "OutOfMemoryError": (
            "The GPU has too little memory. Lower the backbones' batch_size.",
            "GPU 메모리가 부족합니다. 백본의 batch_size를 줄이십시오.",
        ),
        "MemoryError": (
            "There is too little memory. Lower the backbones' batch_size, or close other programs.",
            "메모리가 부족합니다. 백본의 batch_size를 줄이거나 다른 프로그램을 닫으십시오.",
        ),
        "DeadKernelError": (
            "The notebook's kernel ended suddenly, as it often does when memory runs out.",
            "노트북을 실행하던 커널이 갑자기 종료되었습니다. 메모리가 부족할 때 흔히 일어납니다.",
        ),
        "TrainingDiverged": (
            "Training diverged: the loss is no number any more. Lower learning_rate.",
            "학습이 발산하여 loss를 계산할 수 없게 되었습니다. 학습률(learning_rate)을 낮추십시오.",
        ),
        "CannotWrite": (
            "Results can't be written. Check the room and the permissions of the folder in the message.",
            "결과를 저장할 수 없습니다. 메시지에 적힌 폴더의 남은 공간과 쓰기 권한을 확인하십시오.",
        ),
        "NotebookHung": (
            "A notebook didn't end within its time (--max-hours), and was stopped.",
            "노트북이 정해진 시간(--max-hours) 안에 끝나지 않아 중단했습니다.",
        ),
        "Incomplete": (
            "Some cells weren't executed to the end, or a file is missing that should have been written.",
            "끝까지 실행되지 않은 셀이 있거나, 만들어져야 할 파일이 없습니다.",
        ),
        "AccountError": (
            "The files that went in are not those that were used and those that couldn't be. Run again "
            "from 00_data on.",
            "입력한 파일 수가 사용한 파일과 사용하지 못한 파일의 합과 다릅니다. 00_data부터 다시 실행하십시오.",
        ),
        "KeyboardInterrupt": ("You stopped the run.", "사용자가 실행을 중단했습니다."),
    }
)
_PLACES = Wordings(
    {
        "done": ("done", "완료"),
        "failed": ("stopped", "중단됨"),
        "waiting": ("not run", "실행하지 않음"),
    }
)


@dataclass(frozen=True)
class Failure:
    """Where a run stopped, and why.

    Attributes
    ----------
    step : str
        Name of the notebook's execution, such as `02_train-video-model4`.
    kind : str
        Name of the error's class, such as `WeightsError`.
    message : str
        The error's text.
    cell : str
        Id of the cell that stopped; empty where the kernel died between cells.
    """

    step: str
    kind: str
    message: str
    cell: str = ""


def write_failure_page(
    failure: Failure, states: dict[str, str], out: Path, title: str, previous: str = ""
) -> Path:
    """Write the page that says which step stopped, what that means and how to go on.

    Parameters
    ----------
    failure : Failure
        Where the run stopped.
    states : dict of str to str
        Each step's name and `done`, `failed` or `waiting`, in the order of the run.
    out : Path
        The HTML file to write, in the run's folder: its links lead to `notebooks/`.
    title : str
        The run's title, plain text.
    previous : str, optional
        Name of the file that holds the report of an earlier run; none by default.

    Returns
    -------
    Path
        `out`.
    """
    from harmlib.reporting.page.pages import write_html  # only a failure pays for these imports
    from harmlib.reporting.text.korean import particle

    stopped = written(f"{failure.step} stopped", f"{particle(failure.step, '이/가')} 중단됨")
    body = f"""<h1>{escape(title)}</h1>
{_MARK} aria-labelledby="what">
<h2 id="what">{written("No report could be made", "보고서를 만들지 못했습니다")}</h2>
<p>{_where(failure)} {_meaning(failure.kind)}</p>
<pre>{escape(failure.kind)}: {escape(failure.message)}</pre>
<p>{_links(failure, previous)}</p>
</section>
<h2>{written("To go on", "이어서 하려면")}</h2>
<p>{_how_to_go_on()}</p>
{_table(states)}"""
    return write_html(body, out, f"{stopped}: {title}")


def _where(failure: Failure) -> str:
    step, cell = f"<strong>{escape(failure.step)}</strong>", f"<code>{escape(failure.cell)}</code>"
    if not failure.cell:
        return written(f"The step {step} stopped.", f"{step} 단계가 중단되었습니다.")
    return written(
        f"The step {step} stopped in the cell {cell}.",
        f"{step} 단계가 셀 {cell}에서 중단되었습니다.",
    )


def _meaning(kind: str) -> str:
    if kind in _MEANINGS:
        return _MEANINGS[kind]
    return written(
        "This error wasn't expected. See the message below and the notebook's cell.",
        "예상하지 못한 오류입니다. 아래의 메시지와 노트북의 해당 셀을 확인하십시오.",
    )


def _links(failure: Failure, previous: str) -> str:
    link = _page(failure.step) + (f"#cell-id={failure.cell}" if failure.cell else "")
    links = [(link, written("See the cell that stopped", "중단된 셀 보기"))]
    if previous:
        links.append((previous, written("See the report before", "이전 실행의 보고서 보기")))
    return " · ".join(f'<a href="{escape(to, quote=True)}">{words}</a>' for to, words in links)


def _how_to_go_on() -> str:
    return written(
        "Once the cause is mended, run the same command again: steps that are done are reused, and the "
        "run goes on from the one that stopped. This folder holds the tables and figures of the done "
        "steps only.",
        "원인을 해결한 뒤 같은 명령을 다시 실행하면, 완료된 단계는 재사용하고 중단된 단계부터 이어집니다. "
        "이 폴더에는 완료된 단계의 표와 그림만 있습니다.",
    )


def _table(states: dict[str, str]) -> str:
    """Each step with its state; those that are done lead to their pages."""
    caption, step = written("State of each step", "단계별 상태"), written("Step", "단계")
    rows = "".join(
        f'<tr><th scope="row">{_step(name, state)}</th><td>{_PLACES[state]}</td></tr>'
        for name, state in states.items()
    )
    return f"""<div class="table"><table><caption>{caption}</caption>
<thead><tr><th scope="col">{step}</th><th scope="col">{written("State", "상태")}</th></tr></thead>
<tbody>{rows}</tbody></table></div>"""


def _step(name: str, state: str) -> str:
    if state != "done":
        return escape(name)
    return f'<a href="{escape(_page(name), quote=True)}">{escape(name)}</a>'


def _page(step: str) -> str:
    return f"notebooks/{step}.html"


def is_failure_page(page: Path) -> bool:
    """Tell whether `write_failure_page` wrote this file.

    Parameters
    ----------
    page : Path
        An HTML file, which need not exist.

    Returns
    -------
    bool
        False where there is no such file.

    Examples
    --------
    >>> is_failure_page(Path("no such page.html"))
    False
    """
    return page.is_file() and _MARK in page.read_text(encoding="utf-8", errors="replace")
