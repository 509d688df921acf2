"""Options of `harmlib explain`, `log` and `drift`: decisions that were made."""

from __future__ import annotations

from harmlib.cli.options.near_paths import near_input
from harmlib.cli.options.predicting import add_weights
from harmlib.cli.options.speaking import Commands
from harmlib.language import told


def add_explain(commands: Commands) -> None:
    """Add the command `explain`.

    Parameters
    ----------
    commands : argparse action
        Of the parser.
    """
    parser = commands.add_parser(
        "explain",
        help=told("why a logged decision was made", "기록된 판정의 이유를 보여 줍니다"),
    )
    parser.add_argument(
        "log",
        metavar=told("log", "기록"),
        help=told(
            "the .decisions.jsonl beside the table, the table, or the folder of shards; a path or "
            "an address (s3://...)",
            "판정 표 옆의 .decisions.jsonl, 판정 표, 또는 조각 폴더. 경로나 주소(s3://...)",
        ),
    )
    parser.add_argument(
        "id",
        nargs="?",
        metavar=told("id", "판정"),
        help=told(
            "the decision's id, or the name of its file", "판정의 id, 또는 판정한 파일의 이름"
        ),
    )
    parser.add_argument(
        "--replay",
        action="store_true",
        help=told("predict the file again and compare", "파일을 다시 판정해 비교합니다"),
    )
    add_weights(parser)


def add_log(commands: Commands) -> None:
    """Add the command `log`.

    Parameters
    ----------
    commands : argparse action
        Of the parser.
    """
    parser = commands.add_parser(
        "log",
        help=told(
            "the decisions of a log, or whether anything in it was changed",
            "판정 기록을 나열하거나, 바뀐 곳이 있는지 확인합니다",
        ),
        description=told(
            "Exit status: 0 listed, or all lines hold; 1 a line was cut, edited, removed or moved; "
            "2 there is no such log.",
            "종료 상태: 0 나열했거나 모든 줄이 온전함, 1 잘리거나 고쳐지거나 지워지거나 옮겨진 "
            "줄이 있음, 2 그런 기록이 없음.",
        ),
    )
    parser.add_argument(
        "file",
        type=near_input,
        metavar=told("file", "파일"),
        help=told("the .decisions.jsonl beside the table", "판정 표 옆의 .decisions.jsonl"),
    )
    parser.add_argument(
        "--verify",
        action="store_true",
        help=told(
            "check the chain of hashes, and say so in one line",
            "해시 사슬을 확인해 결과를 한 줄로 알립니다",
        ),
    )


def add_drift(commands: Commands) -> None:
    """Add the command `drift`.

    Parameters
    ----------
    commands : argparse action
        Of the parser.
    """
    parser = commands.add_parser(
        "drift",
        help=told(
            "whether new scores still look like those of validation",
            "새 점수의 분포가 검증 때와 달라졌는지 확인합니다",
        ),
        description=told(
            "Exit status: 0 steady or too few, 1 watch, choose again or name the sources, 2 "
            "unusable input.",
            "종료 상태: 0 변화가 없거나 데이터가 부족함, 1 지켜보거나 threshold를 다시 고르거나 "
            "원본을 알려 주어야 함, 2 입력을 쓸 수 없음.",
        ),
    )
    parser.add_argument(
        "checkpoint",
        type=near_input,
        metavar=told("checkpoint", "체크포인트"),
        help=told("the .pth file that gave the scores", "점수를 매긴 .pth 파일"),
    )
    parser.add_argument(
        "scores",
        nargs="?",
        metavar=told("scores", "점수표"),
        help=told(
            "table of `harmlib predict` (.csv, .parquet, .jsonl) or its folder of shards, a path "
            "or s3://...; a column label (harmful/safe or 1/0) may be added for the "
            "items whose truth is known",
            "`harmlib predict`가 쓴 표(.csv, .parquet, .jsonl)나 조각 폴더의 경로 또는 "
            "s3:// 주소. 정답을 아는 항목에는 label 열(harmful/safe 또는 1/0)을 더할 수 "
            "있습니다",
        ),
    )
    parser.add_argument(
        "--group",
        metavar=told("COLUMN", "열"),
        help=told(
            "which rows come from one source: a column (path: each file is its own), or folder for "
            "the parent folders. Default: a column group, else the folders where there are several",
            "같은 원본의 행을 묶는 기준: 열 이름(path이면 파일마다 다른 원본) 또는 folder(상위 "
            "폴더). 기본값: group 열, 없고 폴더가 여럿이면 folder",
        ),
    )
