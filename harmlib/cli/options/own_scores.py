"""Options of `harmlib analyse` and `audit`: what others have measured."""

from __future__ import annotations

import argparse

from harmlib.cli.options.near_paths import near_input
from harmlib.cli.options.speaking import Commands
from harmlib.language import told


def add_analyse(commands: Commands) -> None:
    """Add the command `analyse`.

    Parameters
    ----------
    commands : argparse action
        Of the parser.
    """
    parser = commands.add_parser(
        "analyse",
        help=told(
            "judge any detector by a table of its scores: thresholds, intervals, a report",
            "점수표만으로 어떤 탐지기든 평가합니다: threshold, 신뢰구간, 보고서",
        ),
        description=told(
            "Needs the project's checkout, and neither media nor weights. Writes a params file, "
            "says what it read as what, and runs it. Exit status as of `harmlib run`.",
            "프로젝트 저장소에서만 실행할 수 있으며, 미디어와 가중치는 필요 없습니다. 설정 "
            "파일을 만들고, 어느 열을 무엇으로 읽었는지 알린 뒤 실행합니다. 종료 상태는 "
            "`harmlib run`과 같습니다.",
        ),
    )
    parser.add_argument(
        "scores",
        metavar=told("scores", "점수표"),
        help=told(
            "a table (.csv, .parquet, .jsonl), or a folder, a pattern or an address (s3://…) of "
            ".parquet files, with a label and a score, and where there are: item, "
            "model, category, modality, group, split, date, count, label2 (a second label), and "
            "any columns to slice by",
            "label과 score 열이 있는 표(.csv, .parquet, .jsonl), 또는 .parquet 파일들의 폴더, "
            "패턴, 주소(s3://…). 있으면 item, model, category, "
            "modality, group, split, date, count, label2(두 번째 라벨)와 나누어 볼 다른 열도 "
            "읽습니다",
        ),
    )
    parser.add_argument(
        "--run",
        metavar=told("NAME", "이름"),
        help=told("name of the run; by default the file's", "실행 이름(기본값: 파일 이름)"),
    )
    add_column(
        parser,
        told(
            "; several of role score are several models",
            ". 역할이 score인 열이 여럿이면 모델이 여럿인 것으로 봅니다",
        ),
    )
    parser.add_argument(
        "--label",
        action="append",
        default=[],
        metavar=told("WORD=MEANING", "라벨=뜻"),
        help=told(
            "what a label means: harmful, safe or unknown",
            "라벨의 뜻: harmful, safe, unknown 중 하나",
        ),
    )
    add_scale(parser)
    parser.add_argument(
        "--threshold",
        type=float,
        metavar="T",
        help=told(
            "decided before these items were seen, in the scores' own numbers: above it is harmful "
            "(of levels: that level and above)",
            "이 항목들을 보기 전에 정한 threshold. 점수와 같은 척도로 적으며, 이보다 높으면 "
            "유해입니다(levels에서는 그 단계부터)",
        ),
    )
    parser.add_argument(
        "--prevalence",
        type=float,
        metavar=told("SHARE", "비율"),
        help=told(
            "of harmful items in the traffic, 0 to 1", "실제 트래픽에서 유해 항목의 비율(0~1)"
        ),
    )


def add_column(parser: argparse.ArgumentParser, more: str = "") -> None:
    """Add the option `--column`.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        Of a command.
    more : str
        What its help says besides.
    """
    parser.add_argument(
        "--column",
        action="append",
        default=[],
        metavar=told("ROLE=COLUMN", "역할=열"),
        help=told(
            "which column is what, where its name doesn't tell",
            "열 이름만으로 알 수 없을 때, 그 열의 역할",
        )
        + more,
    )


def add_scale(parser: argparse.ArgumentParser) -> None:
    """Add the option `--scale`.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        Of a command.
    """
    parser.add_argument(
        "--scale",
        choices=("probability", "percent", "logit", "levels"),
        help=told(
            "what the scores are, where the numbers don't tell",
            "값만으로 알 수 없을 때, 점수의 척도",
        ),
    )


def add_audit(commands: Commands) -> None:
    """Add the command `audit`.

    Parameters
    ----------
    commands : argparse action
        Of the parser.
    """
    parser = commands.add_parser(
        "audit",
        help=told("what a table of printed metrics gives away", "발표된 지표의 표를 검산합니다"),
    )
    parser.add_argument(
        "file",
        type=near_input,
        metavar=told("file", "파일"),
        help=told(
            "CSV with the columns precision, recall, f1, …",
            "precision, recall, f1, … 열이 있는 CSV",
        ),
    )
