import pytest

from ftft.publish import publish, publish_folder, publish_json


def test_a_failing_write_leaves_the_old_file_and_nothing_else(tmp_path):
    file = tmp_path / "value.json"
    publish_json(file, {"old": True})

    def half(aside):
        aside.write_text("{")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        publish(file, half)
    assert file.read_text() == '{\n "old": true\n}\n'
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    def half(aside):
        (aside / "train.parquet").write_text("rows")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        publish_folder(tmp_path / "datasets" / "cad", half)
    assert list((tmp_path / "datasets").iterdir()) == []


def test_nan_is_not_json(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        publish_json(tmp_path / "value.json", float("nan"))
    assert not (tmp_path / "value.json").exists()
