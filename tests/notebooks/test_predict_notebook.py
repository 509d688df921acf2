"""07_predict with plain papermill: what it shows is what `harmlib predict` says."""

import re
import shutil

import nbformat
import pandas as pd
import papermill
import pytest
import torch
import yaml
from bs4 import BeautifulSoup
from joined_videos import join_videos

from harmlib.params import PROJECT_ROOT
from harmlib.predict import predict_files
from harmlib.predict.decision_log import DecisionLog


@pytest.fixture(scope="module")
def uploads(copied_run, small_folder):
    """Files good and bad, and a long video with a segment that scores above the others."""
    folder = copied_run / "올린 것"
    folder.mkdir()
    media = small_folder / "media"
    for path in [*sorted(media.glob("images/*/*0.jpg"))[:3], media / "images/harmful/broken.jpg"]:
        shutil.copy(path, folder)
    videos = sorted(media.glob("videos/*/*.mp4"))[:6]
    model = copied_run / "reports/small/models/model4/video_model_best.pth"
    scored = predict_files(model, videos)[0].sort_values("probability")
    low, high = scored["path"].iloc[0], scored["path"].iloc[-1]
    join_videos([low, low, high, high, low, low], folder / "long.mp4")
    shutil.copy(low, folder)
    content = torch.load(model, weights_only=True)
    content["threshold"] = float(scored["probability"].iloc[[0, -1]].mean())
    torch.save(content, model)
    return folder


def execute(copied_run, out, **parameters):
    """The notebook's outputs by cell: (printed and narrated text, tables by caption)."""
    papermill.execute_notebook(
        str(PROJECT_ROOT / "notebooks/07_predict.ipynb"),
        str(out),
        parameters={"params_file": str(copied_run / "params.yaml"), **parameters},
        cwd=str(out.parent),
        progress_bar=False,
    )
    text, tables = "", {}
    for cell in nbformat.read(out, 4).cells:
        for output in cell.get("outputs", []):
            assert output.get("name") != "stderr", output["text"]
            data = output.get("data", {})
            text += output.get("text", "") + data.get("text/markdown", "")
            page = BeautifulSoup(data.get("text/html", ""), "html.parser")
            for table in page.find_all("table"):
                rows = [[c.get_text() for c in r.find_all(["th", "td"])] for r in table("tr")]
                tables[table.caption.get_text()] = pd.DataFrame(rows[1:], columns=rows[0])
                table.decompose()
            text += str(page)
    return text, tables


def test_a_folder_is_scored_as_predict_does(copied_run, uploads, tmp_path):
    text, tables = execute(
        copied_run, tmp_path / "out.ipynb", folder=str(uploads), min_precision=0.8
    )
    predicted, ledger = predict_files(copied_run / "reports/small/models/model4", [uploads])
    assert len(predicted) == 5
    shown = tables["판정한 파일"]
    wanted = predicted.sort_values("margin", ascending=False)
    assert shown["파일"].tolist() == [p.removeprefix(f"{uploads}/") for p in wanted["path"]]
    names = {"harmful": "유해", "safe": "안전"}
    assert shown["판정"].tolist() == wanted["decision"].map(names).tolist()
    assert shown["확률"].astype(float).tolist() == pytest.approx(
        wanted["probability"].tolist(), abs=1e-4
    )
    assert tables["판정하지 못한 파일"][["파일", "이유"]].to_numpy().tolist() == [
        ["broken.jpg", ledger["reason"].iloc[0]]
    ]
    assert "파일 6개 가운데 5개를 판정했습니다" in text
    for modality in ("이미지", "비디오"):
        here = tables[f"{modality}: 세 구간의 비율"]["이 폴더 항목 수"].astype(int)
        assert here.sum() == (shown["종류"] == modality).sum()
        assert f"{modality}: 항목이나 출처가 적어 판단하지 않습니다" in text
    check_near_files(text, tables)

    segments = tables["유해 구간"]
    assert segments["파일"].tolist() == ["long.mp4"]
    assert text.count("<details>") == 1
    assert "<details open" not in text
    closest = wanted.loc[wanted["margin"].abs().idxmin()]
    assert f"{closest['probability']:.6f}" in text
    assert f"{closest['path'].removeprefix(f'{uploads}/')}: " in text
    assert "기록과 같은 판정입니다" in text
    assert len(tables["가장 가까운 학습 항목"]) == 5

    prose = re.sub(r'"data:[^"]*"', "", text) + str(tables)
    assert not re.search(r"(?<![\w.])/(tmp|home|root|work|usr)/", prose), "no absolute paths"
    log = DecisionLog(copied_run / "reports/small/predict/model4.decisions.jsonl")
    assert "small/predict/model4.decisions.jsonl" in text
    assert {d["path"] for d in log} == set(predicted["path"])


def check_near_files(text, tables):
    """No file that hangs on a small move of the threshold is called blocked or passed."""
    shown = tables["판정한 파일"].set_index("파일")
    assert set(shown["처리"]) <= {"통과", "검토", "차단", "먼저 확인(threshold 근처)"}
    ranges = {
        modality: (float(low), float(high))
        for modality, low, high in re.findall(
            r"(이미지|비디오): threshold를 ([\d.]+)에서 ([\d.]+) 사이로", text
        )
    }
    assert set(ranges) == set(shown["종류"])
    near = [
        name
        for name, row in shown.iterrows()
        if ranges[row["종류"]][0] < float(row["확률"]) < ranges[row["종류"]][1]
    ]
    assert sorted(shown.index[shown["처리"].str.startswith("먼저 확인")]) == sorted(near)
    listed = tables.get("먼저 확인할 파일")
    assert sorted([] if listed is None else listed["파일"]) == sorted(near)


@pytest.mark.usefixtures("uploads")
def test_by_default_the_test_split_is_scored_and_said_to_be_no_news(copied_run, tmp_path):
    content = yaml.safe_load((copied_run / "params.yaml").read_text(encoding="utf-8"))
    (copied_run / "params.yaml").write_text(
        yaml.safe_dump(content | {"gallery": {"pictures": False}}), encoding="utf-8"
    )
    text, tables = execute(copied_run, tmp_path / "out.ipynb")
    manifest = pd.read_parquet(copied_run / "reports/small/manifest.parquet")
    manifest = manifest.query("split == 'test'")
    assert sorted(tables["판정한 파일"]["파일"]) == sorted(manifest["item_id"])
    assert "이 실행의 시험 분할(새 파일이 아닙니다)" in text
    assert "F1" in tables["비디오: 검증과 새 점수"]["지표"].tolist(), "labels are known here"
    assert "학습되지 않음" in str(tables["비디오 모델"])
    assert text.index("이 학습되지 않았습니다") < text.index("개를 판정했습니다"), "first of all"
    assert "<details>" not in text
    assert list((copied_run / "reports/small/predict").glob("*.csv"))

    again, _ = execute(copied_run, tmp_path / "again.ipynb")
    assert f"{len(manifest):,}개는 이전에 판정한" in again
