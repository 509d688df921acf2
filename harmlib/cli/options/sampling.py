"""Options of `harmlib sample` and `estimate`: decisions that people look at."""

from __future__ import annotations

import argparse
from pathlib import Path

from harmlib.cli.options.near_paths import near_input, near_output
from harmlib.cli.options.own_scores import add_column, add_scale
from harmlib.cli.options.speaking import Commands
from harmlib.language import told


def add_sample(commands: Commands) -> None:
    """Add the command `sample`.

    Parameters
    ----------
    commands : argparse action
        Of the parser.
    """
    parser = commands.add_parser(
        "sample",
        help=told(
            "which decisions people should look at, passed ones too: a CSV and a page to label on",
            "통과한 것까지 포함해 사람이 볼 판정을 뽑아, CSV와 라벨링 페이지를 만듭니다",
        ),
        description=told(
            "Draws a stratified sample (decision x band of scores x slice) with inclusion "
            "probabilities, spread over groups. `harmlib estimate` takes the labels back. Exit "
            "status: 0 done, 2 unusable input.",
            "판정, 점수 구간, 나누어 보는 열로 층을 나누고, 포함 확률을 정해 여러 그룹에서 "
            "표본을 뽑습니다. 라벨을 붙인 표본은 `harmlib estimate`로 읽습니다. 종료 상태: 0 "
            "완료, 2 입력을 쓸 수 없음.",
        ),
    )
    parser.add_argument(
        "scores",
        type=near_input,
        metavar=told("scores", "점수표"),
        help=told(
            "a table as `harmlib analyse` reads it, labels not needed, or of `harmlib predict`",
            "`harmlib analyse`가 읽는 표(라벨은 없어도 됩니다) 또는 `harmlib predict`가 쓴 표",
        ),
    )
    parser.add_argument(
        "--n",
        type=int,
        default=200,
        metavar="N",
        help=told("how many (200)", "뽑을 개수(기본값: 200)"),
    )
    parser.add_argument(
        "--by",
        nargs="+",
        default=[],
        metavar=told("COLUMN", "열"),
        help=told(
            "slices: each value gets strata of its own, and estimates of its own",
            "나누어 볼 열. 값마다 층을 따로 두고 따로 추정합니다",
        ),
    )
    parser.add_argument(
        "--out",
        type=near_output,
        default=Path("sample.csv"),
        metavar=told("OUT", "파일"),
        help=told(
            "the sample (sample.csv); its page lies beside it, as .html",
            "표본(기본값: sample.csv). 라벨링 페이지는 같은 이름의 .html로 옆에 씁니다",
        ),
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=1,
        metavar="SEED",
        help=told(
            "another seed draws another sample (1)",
            "값을 바꾸면 다른 표본을 뽑습니다(기본값: 1)",
        ),
    )
    parser.add_argument(
        "--media",
        type=near_input,
        metavar=told("FOLDER", "폴더"),
        help=told(
            "where the items' files lie, named as the items are; by default the table's folder. "
            "Images and videos found there are on the page, blurred",
            "항목과 이름이 같은 파일이 있는 폴더(기본값: 표가 있는 폴더). 찾은 이미지와 비디오는 "
            "흐리게 처리해 페이지에 싣습니다",
        ),
    )
    _add_live(parser)


def add_estimate(commands: Commands) -> None:
    """Add the command `estimate`.

    Parameters
    ----------
    commands : argparse action
        Of the parser.
    """
    parser = commands.add_parser(
        "estimate",
        help=told(
            "precision, recall and prevalence of what is live, from a labelled sample",
            "라벨을 붙인 표본으로 운영 중인 판정의 Precision, Recall, 유해 비율을 추정합니다",
        ),
        description=told(
            "Exit status: 0 estimated, 1 too few to tell a measure over all, 2 unusable input.",
            "종료 상태: 0 추정함, 1 표본이 적어 전체 지표 중 추정하지 못한 것이 있음, 2 입력을 "
            "쓸 수 없음.",
        ),
    )
    parser.add_argument(
        "labels",
        type=near_input,
        metavar=told("labels", "표본"),
        help=told(
            "the sample with labels: from its page, or filled in by hand",
            "라벨을 붙인 표본. 라벨링 페이지에서 내려받거나 직접 채운 파일입니다",
        ),
    )
    parser.add_argument(
        "--scores",
        type=near_input,
        metavar=told("SCORES", "점수표"),
        help=told(
            "the table that it was drawn from: check that decisions and threshold are still those",
            "표본을 뽑은 표. 판정과 threshold가 그때와 같은지 확인합니다",
        ),
    )
    parser.add_argument(
        "--out",
        type=near_output,
        metavar=told("OUT", "파일"),
        help=told("write the estimates as a CSV, too", "추정값을 CSV로도 씁니다"),
    )
    _add_live(parser)


def _add_live(parser: argparse.ArgumentParser) -> None:
    """What tells the decisions of a table of scores."""
    line = parser.add_mutually_exclusive_group()
    line.add_argument(
        "--threshold",
        type=float,
        metavar="T",
        help=told(
            "what is live, in the scores' own numbers: above it is harmful (of levels: that level "
            "and above)",
            "운영 threshold. 점수와 같은 척도로 적으며, 이보다 높으면 유해입니다(levels에서는 그 "
            "단계부터)",
        ),
    )
    line.add_argument(
        "--checkpoint",
        type=near_input,
        metavar=told("CHECKPOINT", "체크포인트"),
        help=told("a .pth file, whose threshold is live", "운영 중인 threshold가 저장된 .pth 파일"),
    )
    line.add_argument(
        "--policy",
        metavar=told("NAME", "이름"),
        help=told("a policy of --policy-file", "--policy-file에 있는 정책"),
    )
    parser.add_argument(
        "--policy-file",
        type=near_input,
        metavar=told("FILE", "파일"),
        help=told("the run's policy.json", "실행의 policy.json"),
    )
    parser.add_argument(
        "--model",
        metavar=told("MODEL", "모델"),
        help=told(
            "whose scores, where the table has several models", "표에 모델이 여럿일 때 쓸 모델"
        ),
    )
    add_column(parser)
    add_scale(parser)
