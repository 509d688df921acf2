"""Options of `harmlib init`, `run`, `compare`, `export` and `bundle`: a run, and what it gives."""

from __future__ import annotations

import argparse

from harmlib.cli.options.near_paths import near_input, near_output
from harmlib.cli.options.speaking import Commands
from harmlib.language import told


def add_init(commands: Commands) -> None:
    """Add the command `init`.

    Parameters
    ----------
    commands : argparse action
        Of the parser.
    """
    parser = commands.add_parser(
        "init",
        help=told(
            "write a params file for your own media, after a look at them",
            "보유한 미디어를 살펴보고 설정 파일을 만듭니다",
        ),
        description=told(
            "Says what it found: files, labels, groups guessed from names, weights, and whether it "
            "is enough. Never overwrites a params file or a report. Exit status: 0 written, 2 "
            "nothing that could be used, or the name is taken.",
            "찾은 파일, 라벨, 이름으로 짐작한 그룹, 가중치와 데이터가 충분한지를 알려 줍니다. "
            "이미 있는 설정 파일과 보고서는 덮어쓰지 않습니다. 종료 상태: 0 설정 파일을 만듦, 2 "
            "쓸 수 있는 미디어가 없거나 이름이 이미 쓰이고 있음.",
        ),
    )
    parser.add_argument(
        "folder",
        nargs="?",
        default="data",
        metavar=told("folder", "폴더"),
        help=told(
            "with images/{harmful,safe} and videos/{harmful,safe}, or CSV lists; or a CSV; also an "
            "address, such as s3://bucket/media (data)",
            "images/{harmful,safe}와 videos/{harmful,safe} 또는 CSV 목록이 있는 폴더. CSV 파일이나 "
            "s3://bucket/media 같은 주소도 됩니다(기본값: data)",
        ),
    )
    parser.add_argument(
        "--run",
        metavar=told("NAME", "이름"),
        help=told("name of the run; by default the folder's", "실행 이름(기본값: 폴더 이름)"),
    )
    parser.add_argument(
        "--untrained",
        action="store_true",
        help=told(
            "random weights: tries the procedure, without a network",
            "무작위 가중치를 써서 네트워크 없이 절차만 시험합니다",
        ),
    )


def add_run(commands: Commands) -> None:
    """Add the command `run`.

    Parameters
    ----------
    commands : argparse action
        Of the parser.
    """
    parser = commands.add_parser(
        "run",
        help=told(
            "execute the notebooks and write the report", "노트북을 실행하고 보고서를 만듭니다"
        ),
        description=told(
            "Needs the project's checkout. Steps that are still valid are reused. Exit status: 0 "
            "done, 1 a notebook stopped or a number differs, 2 unusable input, or a place that "
            "can't be written to or is in use by another run.",
            "프로젝트 저장소에서만 실행할 수 있습니다. 아직 유효한 단계는 재사용합니다. 종료 "
            "상태: 0 완료, 1 노트북이 멈췄거나 수치가 다름, 2 입력을 쓸 수 없음, 폴더에 쓸 수 "
            "없음, 또는 다른 실행이 사용 중.",
        ),
    )
    parser.add_argument(
        "params",
        type=near_input,
        metavar=told("params", "설정파일"),
        help=told("a params file, e.g. params/demo.yaml", "설정 파일(예: params/demo.yaml)"),
    )
    parser.add_argument(
        "--max-hours",
        type=_hours,
        metavar=told("HOURS", "시간"),
        help=told(
            "how long one notebook may take before it counts as hanging, and is ended (48)",
            "노트북 하나의 제한 시간. 넘기면 멈춘 것으로 보고 끝냅니다(기본값: 48시간)",
        ),
    )
    parser.add_argument(
        "--verify",
        action="store_true",
        help=told(
            "execute everything again in a temporary folder, features too, and fail where a "
            "number differs from the run on disk",
            "특징 추출까지 모두 임시 폴더에서 다시 실행해, 저장된 결과와 다른 수치가 있으면 "
            "실패로 끝냅니다",
        ),
    )


def _hours(text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        hours = 0.0
    if not hours > 0:
        raise argparse.ArgumentTypeError(
            told(
                f"a number of hours, more than 0, got {text}",
                f"0보다 큰 시간을 수로 적으십시오(적은 값: {text})",
            )
        )
    return hours


def add_compare(commands: Commands) -> None:
    """Add the command `compare`.

    Parameters
    ----------
    commands : argparse action
        Of the parser.
    """
    parser = commands.add_parser(
        "compare",
        help=told("what changed between two runs", "두 실행 사이에 달라진 것을 보여 줍니다"),
    )
    for name, korean in (("run_a", "실행A"), ("run_b", "실행B")):
        parser.add_argument(name, metavar=told(name, korean), help=_run_help())
    parser.add_argument(
        "--json", action="store_true", help=told("for machines", "프로그램이 읽을 JSON으로 씁니다")
    )


def add_export(commands: Commands) -> None:
    """Add the command `export`.

    Parameters
    ----------
    commands : argparse action
        Of the parser.
    """
    parser = commands.add_parser(
        "export",
        help=told(
            "a finished run for an authority: its figures, statements of reasons, a summary",
            "완료된 실행의 수치, 판정 사유서, 요약을 감독 기관 제출용으로 만듭니다",
        ),
        description=told(
            "Writes the table of automated means of the EU's transparency report, a JSON file with "
            "intervals and counts, a summary of one page, and statements of reasons. What the "
            "program can't know is marked. Exit status: 0 written, 2 unusable input.",
            "EU 투명성 보고서의 자동화 수단 표, 신뢰구간과 개수를 담은 JSON 파일, 한 쪽 요약, "
            "판정 사유서를 씁니다. 프로그램이 알 수 없는 칸은 표시해 둡니다. 종료 상태: 0 완료, "
            "2 입력을 쓸 수 없음.",
        ),
    )
    parser.add_argument("run", metavar=told("run", "실행"), help=_run_help())
    parser.add_argument(
        "--format",
        choices=("dsa",),
        default="dsa",
        help=told("whose forms (dsa)", "제출 양식(기본값: dsa)"),
    )
    parser.add_argument(
        "--out",
        type=near_output,
        metavar=told("FOLDER", "폴더"),
        help=told("by default dsa/ in the run", "쓸 폴더(기본값: 실행 폴더의 dsa/)"),
    )
    parser.add_argument(
        "--model",
        metavar=told("MODEL", "모델"),
        help=told(
            "whose decisions, where the run has several models",
            "모델이 여럿일 때, 판정을 가져올 모델",
        ),
    )
    parser.add_argument(
        "--log",
        type=near_input,
        metavar=told("FILE", "파일"),
        help=told(
            "the log of decisions; by default all *.decisions.jsonl in predict/ of the run",
            "판정 기록(기본값: 실행 폴더의 predict/에 있는 모든 *.decisions.jsonl)",
        ),
    )


def add_bundle(commands: Commands) -> None:
    """Add the command `bundle`.

    Parameters
    ----------
    commands : argparse action
        Of the parser.
    """
    parser = commands.add_parser(
        "bundle",
        help=told(
            "a run's report, notebooks' pages and tables in one ZIP file, to be handed on",
            "실행의 보고서, 노트북 페이지, 표를 전달용 ZIP 파일 하나로 묶습니다",
        ),
        description=told(
            "Links between the pages work once it is unpacked. Neither media nor models go along. "
            "Exit status: 0 written, 2 unusable input.",
            "압축을 풀면 페이지 사이의 링크가 작동합니다. 미디어와 모델은 넣지 않습니다. 종료 "
            "상태: 0 완료, 2 입력을 쓸 수 없음.",
        ),
    )
    parser.add_argument("run", metavar=told("run", "실행"), help=_run_help())
    parser.add_argument(
        "--out",
        type=near_output,
        metavar=told("FILE", "파일"),
        help=told("by default report.zip in the run", "쓸 파일(기본값: 실행 폴더의 report.zip)"),
    )
    parser.add_argument(
        "--figures",
        action="store_true",
        help=told(
            "the files of figures/, too: the pages show them",
            "figures/의 그림 파일도 넣습니다(페이지에는 이미 들어 있습니다)",
        ),
    )


def _run_help() -> str:
    return told(
        "a run's folder, or its name below reports/", "실행 폴더, 또는 reports/ 아래의 실행 이름"
    )
