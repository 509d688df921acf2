"""The page of a run that stopped: which step, why, in plain words, and where to look."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path

_MARK = '<section class="error" data-state="failed"'
# What each class of error means to the person who started the run; the page adds the message.
_MEANINGS = {
    "DataError": "미디어 파일이나 CSV를 쓸 수 없습니다. 경로와 폴더 구조, CSV의 열을 확인하십시오.",
    "SplitError": "자료를 학습·검증·시험으로 나눌 수 없습니다. 클래스나 그룹이 모자랍니다.",
    "MediaError": "미디어 파일을 읽을 수 없습니다.",
    "ParamsError": "설정 파일에 쓸 수 없는 값이 있습니다.",
    "ParameterError": "노트북에 전달된 파라미터가 맞지 않습니다.",
    "MissingTable": "앞 단계가 써야 할 표가 없습니다. 앞 단계부터 다시 실행하십시오.",
    "WeightsError": "사전 학습된 가중치를 찾지 못했거나 내용이 다릅니다.",
    "CheckpointError": "저장된 모델을 읽을 수 없습니다.",
    "OutOfMemoryError": "GPU 메모리가 모자랍니다. 백본의 batch_size를 줄이십시오.",
    "MemoryError": "메모리가 모자랍니다. 백본의 batch_size를 줄이거나 다른 프로그램을 닫으십시오.",
    "DeadKernelError": "노트북을 실행하던 커널이 갑자기 끝났습니다. 메모리가 모자랄 때 흔히 일어납니다.",
    "TrainingDiverged": "학습이 발산하여 loss가 수가 아니게 되었습니다. 학습률(learning_rate)을 낮추십시오.",
    "CannotWrite": "결과를 쓸 수 없습니다. 메시지에 적힌 폴더의 남은 공간과 쓰기 권한을 확인하십시오.",
    "NotebookHung": "노트북이 정해진 시간(--max-hours) 안에 끝나지 않아 멈추었습니다.",
    "Incomplete": "끝까지 실행되지 않은 셀이 있거나, 써야 할 파일이 없습니다.",
    "AccountError": "들어온 파일과 쓴 파일, 쓰지 못한 파일의 합이 맞지 않습니다. 00_data부터 다시 실행하십시오.",
    "KeyboardInterrupt": "사용자가 실행을 멈추었습니다.",
}
_UNKNOWN = "예상하지 못한 오류입니다. 아래의 메시지와 노트북의 해당 셀을 확인하십시오."
_PLACES = {"done": "끝남", "failed": "멈춤", "waiting": "실행하지 않음"}


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


def write_failure_page(failure: Failure, states: dict[str, str], out: Path, title: str) -> Path:
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

    Returns
    -------
    Path
        `out`.
    """
    from harmlib.reporting.page.pages import write_html  # only a failure pays for these imports
    from harmlib.reporting.text.korean import particle

    link = f"notebooks/{failure.step}.html" + (f"#cell-id={failure.cell}" if failure.cell else "")
    where = f"셀 <code>{escape(failure.cell)}</code>에서 " if failure.cell else ""
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{_PLACES[state]}</td></tr>'
        for name, state in states.items()
    )
    body = f"""<h1>{escape(title)}</h1>
{_MARK} aria-labelledby="what">
<h2 id="what">보고서를 만들지 못했습니다</h2>
<p><strong>{escape(failure.step)}</strong> 단계가 {where}멈추었습니다. {_MEANINGS.get(failure.kind, _UNKNOWN)}</p>
<pre>{escape(failure.kind)}: {escape(failure.message)}</pre>
<p><a href="{escape(link, quote=True)}">멈춘 셀 보기</a></p>
</section>
<h2>이어서 하려면</h2>
<p>원인을 고친 뒤 같은 명령을 다시 실행하면, 이미 끝난 단계는 다시 쓰고 멈춘 단계부터 이어집니다.
표와 그림은 끝난 단계의 것만 이 폴더에 있습니다.</p>
<div class="table"><table><caption>단계마다의 상태</caption>
<thead><tr><th scope="col">단계</th><th scope="col">상태</th></tr></thead>
<tbody>{rows}</tbody></table></div>"""
    return write_html(body, out, f"{particle(failure.step, '이/가')} 멈춤: {title}")


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
