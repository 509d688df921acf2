"""Options of `harmlib predict`: a saved classifier, and new files."""

from __future__ import annotations

import argparse

from harmlib.cli.options.near_paths import near_input
from harmlib.cli.options.speaking import Commands
from harmlib.language import told


def add_predict(commands: Commands) -> None:
    """Add the command `predict`.

    Parameters
    ----------
    commands : argparse action
        Of the parser.
    """
    parser = commands.add_parser(
        "predict",
        help=told(
            "score files with a saved classifier, and apply its saved threshold",
            "저장된 분류기와 그 threshold로 파일을 판정합니다",
        ),
        description=told(
            "One row per file. Exit status: 0 all files predicted, 1 some are unusable (see the "
            "ledger), 2 nothing could start.",
            "파일마다 한 행을 씁니다. 종료 상태: 0 모든 파일을 판정함, 1 쓸 수 없는 파일이 "
            "있음(장부 참고), 2 시작하지 못함.",
        ),
    )
    parser.add_argument(
        "checkpoint",
        type=near_input,
        metavar=told("checkpoint", "체크포인트"),
        help=told(
            "a .pth file, or a folder with those of both modalities",
            ".pth 파일, 또는 이미지와 비디오의 .pth 파일이 있는 폴더",
        ),
    )
    parser.add_argument(
        "paths",
        nargs="+",
        metavar=told("paths", "경로"),
        help=told(
            "files, folders, patterns, addresses (s3://bucket/media), or - for one path per line "
            "on stdin",
            "파일, 폴더, 패턴, 주소(s3://bucket/media). -를 적으면 표준 입력에서 한 줄에 경로 "
            "하나씩 읽습니다",
        ),
    )
    parser.add_argument(
        "--out",
        metavar=told("OUT", "파일"),
        help=told(
            "table (.csv, .parquet, .jsonl), or with / at its end a folder of shards, as for "
            "millions of files; also an address (s3://…). A second call continues where the first "
            "stopped. Without it rows are printed as CSV",
            "판정 표(.csv, .parquet, .jsonl). 끝에 /를 붙이면 표를 여러 조각으로 나누어 그 폴더에 "
            "씁니다(파일이 수백만 개일 때). s3:// 같은 주소도 됩니다. 다시 실행하면 멈춘 곳에서 "
            "이어집니다. 없으면 CSV로 화면에 출력합니다",
        ),
    )
    parser.add_argument(
        "--shard-files",
        type=int,
        metavar="N",
        help=told(
            "files of each shard (default 10,000)", "조각 하나에 담을 파일 수(기본값 10,000)"
        ),
    )
    parser.add_argument(
        "--engine",
        choices=("local", "ray"),
        default="local",
        help=told(
            "ray: on all processors of the cluster that RAY_ADDRESS names, else on Ray started "
            "here; needs --out FOLDER/. The decisions are those of local (default)",
            "ray이면 RAY_ADDRESS의 클러스터에서(없으면 이 컴퓨터에서 Ray를 시작해) 판정합니다. "
            "--out 폴더/가 필요하며, 판정은 local(기본값)과 같습니다",
        ),
    )
    add_weights(parser)
    parser.add_argument(
        "--device",
        default="auto",
        metavar=told("DEVICE", "장치"),
        help=told("auto, cpu, cuda, cuda:1, …", "계산 장치: auto(기본값), cpu, cuda, cuda:1, …"),
    )
    _add_windows(parser)
    _add_limits(parser)
    _add_line(parser)
    _add_bands(parser)


def _add_windows(parser: argparse.ArgumentParser) -> None:
    """How long videos are scored."""
    seconds = told("SEC", "초")
    parser.add_argument(
        "--window",
        type=float,
        metavar=seconds,
        help=told("window of long videos", "긴 비디오를 나누어 보는 창의 길이"),
    )
    parser.add_argument(
        "--stride",
        type=float,
        metavar=seconds,
        help=told("from window to window", "창 사이의 간격"),
    )
    parser.add_argument(
        "--reduce",
        default="max",
        metavar=told("HOW", "방법"),
        help=told(
            "a long video's score: max (default), or top:K, the mean of the K highest windows",
            "긴 비디오의 점수: max(기본값, 최댓값) 또는 top:K(점수가 높은 창 K개의 평균)",
        ),
    )
    parser.add_argument(
        "--early-exit",
        action="store_true",
        help=told(
            "stop reading a video once its decision can't change; segments may be incomplete",
            "판정이 더 바뀔 수 없으면 비디오를 그만 읽습니다. 유해 구간이 일부 빠질 수 있습니다",
        ),
    )


def _add_limits(parser: argparse.ArgumentParser) -> None:
    """What one file may cost."""
    parser.add_argument(
        "--max-frames",
        type=int,
        metavar="N",
        help=told(
            "look at no more frames of a file; the row's note says where this cut something",
            "파일마다 보는 프레임 수의 상한. 줄인 파일은 표의 note에 적습니다",
        ),
    )
    parser.add_argument(
        "--max-pixels",
        type=int,
        metavar="N",
        help=told(
            "decode no image of more pixels; it goes into the ledger",
            "화소 수의 상한. 넘는 이미지는 디코딩하지 않고 장부에 적습니다",
        ),
    )
    parser.add_argument(
        "--max-decode-sec",
        type=float,
        metavar=told("SEC", "초"),
        help=told(
            "a file that takes longer to be decoded goes into the ledger",
            "디코딩 시간의 상한. 넘는 파일은 장부에 적습니다",
        ),
    )
    parser.add_argument(
        "--max-decode-gib",
        type=float,
        metavar="GIB",
        help=told(
            "a file that takes more memory to be decoded goes into the ledger",
            "디코딩에 쓰는 메모리의 상한(GiB). 넘는 파일은 장부에 적습니다",
        ),
    )
    parser.add_argument(
        "--max-windows",
        type=int,
        metavar="N",
        help=told(
            "score no more windows of a file: of more, as many, spread evenly; the note says so",
            "파일마다 보는 창 수의 상한. 넘으면 고르게 골라 보고 note에 적습니다",
        ),
    )


def _add_line(parser: argparse.ArgumentParser) -> None:
    """Another threshold."""
    parser.add_argument(
        "--threshold",
        type=float,
        metavar="T",
        help=told(
            "a probability, above which a file is harmful, in place of the checkpoint's own",
            "체크포인트의 threshold 대신 쓸 확률. 이보다 높으면 유해로 판정합니다",
        ),
    )
    parser.add_argument(
        "--policy",
        default="",
        metavar=told("NAME", "이름"),
        help=told(
            "decide by the threshold of this policy of the run, not by the checkpoint's own; the "
            "column policy and the log say so",
            "체크포인트의 threshold 대신 실행의 이 정책에 정한 threshold로 판정합니다. 표의 "
            "policy 열과 판정 기록에 남습니다",
        ),
    )
    parser.add_argument(
        "--policy-file",
        type=near_input,
        metavar=told("FILE", "파일"),
        help=told(
            "where the policy stands; by default policy.json of the run in whose folder the "
            "checkpoint lies",
            "정책이 적힌 파일(기본값: 체크포인트가 있는 실행 폴더의 policy.json)",
        ),
    )


def _add_bands(parser: argparse.ArgumentParser) -> None:
    """Two thresholds in place of one."""
    parser.add_argument(
        "--bands",
        type=float,
        nargs=2,
        metavar=("RECALL", "PRECISION"),
        help=told(
            "pass, review or block instead of one threshold: the floors of recall (what passes) "
            "and of precision (what is blocked) on validation; adds a column band",
            "threshold 하나 대신 통과, 검토, 차단으로 나눕니다. 검증에서 지킬 Recall 하한(통과)과 "
            "Precision 하한(차단)을 적습니다. 표에 band 열이 추가됩니다",
        ),
    )
    parser.add_argument(
        "--confidence",
        type=float,
        metavar=told("SHARE", "비율"),
        help=told(
            "with --bands: both floors are to hold on new files of the same kind of sources, with "
            "this confidence (0.9); where that can't be promised, people review",
            "--bands와 함께: 같은 종류의 새 파일에서도 두 하한을 이 신뢰도로 지킵니다(예: 0.9). "
            "보장할 수 없는 쪽은 사람이 검토합니다",
        ),
    )
    parser.add_argument(
        "--method",
        choices=("learn-then-test", "jackknife"),
        default="learn-then-test",
        help=told(
            "of the confidence: proven (default), or an approximate bound that fewer groups allow",
            "신뢰도를 구하는 방법: 증명된 방법(기본값), 또는 그룹이 적어도 되는 근사 방법",
        ),
    )


def add_weights(parser: argparse.ArgumentParser) -> None:
    """Add the option `--weights`.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        Of a command.
    """
    parser.add_argument(
        "--weights",
        action="append",
        default=[],
        metavar=told("BACKBONE=PATH", "백본=경로"),
        help=told(
            "where a backbone's weights lie on this machine; a path in the checkpoint counts only "
            "below artifacts/ and beside the checkpoint",
            "이 컴퓨터에서 백본의 가중치가 있는 위치. 체크포인트에 적힌 경로는 artifacts/ 아래나 "
            "체크포인트 옆일 때만 씁니다",
        ),
    )
