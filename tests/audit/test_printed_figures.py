import pandas as pd
import pytest

from harmlib.audit.published import printed_figures, published_figures


def test_without_a_file_they_are_the_projects_own_as_text():
    own, known = printed_figures(None), published_figures()
    assert list(own) == list(known)
    assert own["precision"].iloc[0] == f"{known['precision'].iloc[0]:.4f}"
    assert own["f1"].astype(float).tolist() == known["f1"].tolist()


@pytest.mark.parametrize("name", ["3", "model3", "Model 3", "model 3"])
def test_a_file_of_your_own_may_name_models_as_it_likes(tmp_path, name):
    file = tmp_path / "mine.csv"
    file.write_text(f"modality,model,precision,recall,f1\nimage,{name},0.80,0.90,0.85\n")
    found = printed_figures(file)
    assert found["model"].tolist() == ["3"]
    assert found["precision"].tolist() == ["0.80"]
    assert pd.isna(found["epoch"]).all()


@pytest.mark.parametrize("lacking", ["modality", "model"])
def test_a_file_that_does_not_say_what_of_is_refused(tmp_path, lacking):
    columns = {"modality": "image", "model": "3", "precision": "0.8", "recall": "0.9", "f1": "0.85"}
    del columns[lacking]
    file = tmp_path / "mine.csv"
    file.write_text(f"{','.join(columns)}\n{','.join(columns.values())}\n")
    with pytest.raises(ValueError, match=f"mine.csv: no column {lacking}"):
        printed_figures(file)
