"""Lists of media from folders and CSV files, and the mistakes that they name."""

import shutil

import pandas as pd
import pytest
from manifest_folders import PER_CLASS, build, build_folder

from harmlib.address import address
from harmlib.media.listing import DataError, list_media, read_csv, scan_folders
from harmlib.params import DataParams


def write_csv(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def csv_of(root, columns="path,label,group,split", row="{path},{label},,"):
    paths = sorted(p.relative_to(root).as_posix() for p in root.glob("images/*/*"))
    rows = [row.format(path=p, label=p.split("/")[1], i=i) for i, p in enumerate(paths)]
    return "\n".join([columns, *rows]) + "\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize(
    ("columns", "row"),
    [
        ("path,label", "{path},{label}"),
        ("path,label,group,split", "{path},{label},,"),
        ("label, Path ,camera", " {label} , {path} ,x"),
        ("path,label,split", "{path},{label},"),
    ],
)
def test_csv_gives_what_the_folders_give(root, encoding, columns, row):
    path = write_csv(root / "images.csv", csv_of(root, columns, row), encoding)
    listed = read_csv(path)
    further = ["camera"] if "camera" in columns else []
    assert list(listed.columns) == ["path", "label", "group", "split", *further]
    manifest = build(listed, root)[0]
    assert manifest[further].eq("x").all().all()
    pd.testing.assert_frame_equal(manifest.drop(columns=further), build_folder(root)[0])


def test_a_further_column_whose_name_is_taken_is_said_not_to_be_used(root, caplog):
    text = csv_of(root, "path,label,width,lens", "{path},{label},9999,tele")
    manifest, _ = build(read_csv(write_csv(root / "images.csv", text)), root)
    assert (manifest["width"] < 9999).all()
    assert manifest["lens"].eq("tele").all()
    assert "column 'width' of the list of media is not used" in caplog.text


def test_csv_names_what_is_not_there(root):
    text = csv_of(root) + "images/safe/gone.png,safe,,\nimages/safe,safe,,\n"
    manifest, ledger = build(read_csv(write_csv(root / "images.csv", text)), root)
    assert ledger["path"].tolist() == ["images/safe/gone.png", "images/safe"]
    assert ledger["reason"].tolist()[0] == "file is missing"
    assert ledger["reason"].tolist()[1].startswith("a folder")
    assert len(manifest) == 2 * PER_CLASS


def test_csv_groups_and_splits_count(root):
    text = csv_of(root).replace("harmful/0.png,harmful,,", "harmful/0.png,harmful,cam,validation")
    text = text.replace("safe/5.png,safe,,", "safe/5.png,safe,cam,").replace(",,\n", ",,test\n", 1)
    manifest, _ = build(read_csv(write_csv(root / "images.csv", text)), root)
    of = manifest.set_index("item_id")
    assert of["split"]["images/harmful/0.png"] == of["split"]["images/safe/5.png"] == "val"
    assert of["split"]["images/harmful/1.png"] == "test"
    assert of["group"]["images/safe/5.png"] == "cam"
    assert of["group"]["images/safe/4.png"] == of["sha256"]["images/safe/4.png"][:16]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,label\na.png,harmfull\n", r"line 2: label 'harmfull'; did you mean 'harmful'\?"),
        ("path,label\na.png,safe\nb.png,Safe\n", r"line 3: label 'Safe'; did you mean 'safe'\?"),
        ("path,label\na.png,2\n", "line 2: label '2'; allowed: harmful, safe"),
        ("path,label\na.png,\n", "line 2: label is empty; allowed: harmful, safe"),
        ("path,label\na.png\n", "line 2: 1 field, but the header names 2 .* missing: label;"),
        ("path,label\n,safe\n", "line 2: empty path"),
        ("path,label,split\na.png,safe,tset\n", r"line 2: split 'tset'; did you mean 'test'\?"),
        ("path,label,split\na.png,safe,7\n", "split '7'; allowed: train, val, test$"),
        ("path,label\n\na.png,safe\n,\nb.png,saf\n", "line 5: label 'saf'; did you mean 'safe'"),
        ("path,label\na.png,safe\nb.png,safe\na.png,safe\n", "line 4: a.png is listed twice"),
        ("path,label\na.png,safe\n\na.png,harmful\n", "line 4: a.png is listed twice"),
        ("path,lable\na.png,safe\n", r"no column 'label'; did you mean 'lable'\?"),
        ("file,label\na.png,safe\n", "no column 'path'; it has file, label"),
        ("a.png;safe\n", "no column 'path'; it has a.png, safe"),
        ("path,label,groups\na.png,safe,x\n", r"no column 'group'; did you mean 'groups'\?"),
        ("path,label,spilt\na.png,safe,test\n", r"no column 'split'; did you mean 'spilt'\?"),
        ("path,label\na.png,safe,cam1\n", "line 2: 3 fields, but the header names 2 columns"),
        ("path,label\na.png,safe\nb,b.png,safe\n", "line 3: 3 fields, .* holds a comma in quotes"),
        ("", "not a readable CSV"),
    ],
)
def test_bad_csv(tmp_path, text, message):
    path = write_csv(tmp_path / "images.csv", text)
    with pytest.raises(DataError, match=message) as caught:
        read_csv(path)
    assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize("encoding", ["cp949", "utf-16", "euc-kr"])
def test_csv_in_a_korean_or_excel_encoding(tmp_path, encoding):
    path = write_csv(tmp_path / "images.csv", "path;label\r\n가.png;safe\r\n", encoding)
    assert read_csv(path).iloc[0].tolist() == ["가.png", "safe", None, None]


@pytest.mark.parametrize("encoding", ["shift_jis", "cp1252", "gbk"])
def test_csv_in_another_encoding(tmp_path, encoding):
    name = {"shift_jis": "日本語カタカナ", "cp1252": "Müßig café", "gbk": "图片有害内容"}[encoding]
    path = write_csv(tmp_path / "images.csv", f"path,label\na,safe\n{name},safe\n", encoding)
    with pytest.raises(DataError, match=r"line 3: byte 0x..: not in UTF-8 .*'CSV UTF-8'"):
        read_csv(path)


def test_csv_that_is_missing_or_a_folder(tmp_path):
    with pytest.raises(DataError, match=r"x\.csv: there is no such CSV file"):
        read_csv(tmp_path / "x.csv")
    with pytest.raises(DataError, match="not a readable CSV"):
        read_csv(tmp_path)


@pytest.mark.parametrize("name", ["null", "NA", "1e5", "가,나.png", "a b.png"])
def test_csv_names_stay_text(tmp_path, name):
    path = write_csv(tmp_path / "images.csv", f'path,label,group\n"{name}",safe,007\n\n\n')
    listed = read_csv(path)
    assert listed.to_numpy().tolist() == [[name, "safe", "007", None]]


def test_header_only_csv(tmp_path):
    listed = read_csv(write_csv(tmp_path / "images.csv", "path,label\n"))
    with pytest.raises(DataError, match="no usable harmful and no usable safe image"):
        build(listed, tmp_path)


@pytest.mark.parametrize("modality", ["image", "video"])
def test_the_params_say_whether_folders_or_a_csv_are_listed(tmp_path, modality):
    for path in ("images/harmful/a", "images/safe/b", "videos/harmful/c", "videos/safe/d"):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).touch()
    folders = DataParams(root=str(tmp_path))
    assert list_media(folders, modality).equals(scan_folders(tmp_path, modality))
    write_csv(tmp_path / "lists.csv", "path,label\ne,safe\n")
    (tmp_path / "e").touch()
    csv = DataParams(root=str(tmp_path), **{f"{modality}_csv": "lists.csv"})
    assert list_media(csv, modality)["path"].tolist() == ["e"]


@pytest.mark.parametrize(
    ("remove", "message"),
    [
        ("images", "images: there is no such folder. Expected images/harmful and images/safe"),
        ("images/safe", "safe: there is no such folder; images need both classes"),
        ("images/harmful", "harmful: there is no such folder"),
    ],
)
def test_missing_folder(root, remove, message):
    shutil.rmtree(root / remove)
    with pytest.raises(DataError, match=message):
        scan_folders(root, "image")


def test_a_list_with_credentials_is_refused_without_showing_them(tmp_path):
    (tmp_path / "list.csv").write_text("path,label\ns3://me:secret@bucket/a.jpg,safe\n")
    with pytest.raises(DataError, match="line 2: path: an address with credentials") as caught:
        read_csv(tmp_path / "list.csv")
    assert "secret" not in str(caught.value)


def test_a_list_may_name_addresses_and_each_once(tmp_path):
    (tmp_path / "list.csv").write_text("path,label\ns3://bucket/a.jpg,safe\nb.jpg,harmful\n")
    assert read_csv(tmp_path / "list.csv")["path"].tolist() == ["s3://bucket/a.jpg", "b.jpg"]
    root = address("s3://bucket")
    (tmp_path / "twice.csv").write_text("path,label\ns3://bucket/a.jpg,safe\n./a.jpg,safe\n")
    with pytest.raises(DataError, match="listed twice"):
        read_csv(tmp_path / "twice.csv", root)


def test_a_list_may_name_files_by_file_addresses(tmp_path):
    (tmp_path / "a b.jpg").touch()
    (tmp_path / "list.csv").write_text(f"path,label\nfile://{tmp_path}/a%20b.jpg,safe\n")
    assert read_csv(tmp_path / "list.csv")["path"].tolist() == ["a b.jpg"]
    found = read_csv(tmp_path / "list.csv", address("s3://bucket"))["path"].tolist()
    assert found == [f"{tmp_path}/a b.jpg"], "beside media at an address it is one of this machine"
