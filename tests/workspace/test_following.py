"""Progress files that grow while somebody looks."""

import json
import os

from ftft.runpaths import RunPaths
from ftft.workspace.following import MOST, Followed


def line(step: int) -> bytes:
    return json.dumps({"step": step, "loss": 0.5}).encode() + b"\n"


def write(folder: RunPaths, content: bytes, mode: str = "wb") -> None:
    folder.path.mkdir(parents=True, exist_ok=True)
    with folder.metrics_file.open(mode) as file:
        file.write(content)


def steps(followed: Followed, folder: RunPaths) -> list[int]:
    found = [values["step"] for values in followed.lines(folder)]
    assert found == [values["step"] for values in folder.progress()], "as who reads it for the first time"
    return found


def test_what_is_added_is_seen_and_a_torn_line_once_it_is_whole(tmp_path):
    folder, followed = RunPaths(tmp_path / "a"), Followed()
    assert followed.lines(folder) == []
    write(folder, line(1) + line(2)[:9])
    assert steps(followed, folder) == [1]
    write(folder, line(2)[9:] + b"no json\n" + "Öl\n".encode()[1:] + line(3), "ab")
    assert steps(followed, folder) == [1, 2, 3]


def test_a_file_in_the_place_of_another_is_read_from_its_beginning(tmp_path):
    folder, followed = RunPaths(tmp_path / "a"), Followed()
    write(folder, line(1) + line(2))
    assert steps(followed, folder) == [1, 2]
    other = tmp_path / "other"
    other.write_bytes(line(7) + line(8) + line(9))
    os.replace(other, folder.metrics_file)
    assert steps(followed, folder) == [7, 8, 9]
    write(folder, line(4))
    assert steps(followed, folder) == [4]


def test_a_list_that_was_given_is_the_callers_own(tmp_path):
    folder, followed = RunPaths(tmp_path / "a"), Followed()
    write(folder, line(1))
    followed.lines(folder).clear()
    assert steps(followed, folder) == [1]


def test_only_the_last_ones_are_kept(tmp_path):
    followed = Followed()
    for n in range(MOST + 5):
        folder = RunPaths(tmp_path / str(n))
        write(folder, line(n))
        assert steps(followed, folder) == [n]
    assert len(followed._known) == MOST
    assert steps(followed, RunPaths(tmp_path / "0")) == [0]
