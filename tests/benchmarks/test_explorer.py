"""The measuring itself: frames are cut as they were sent, steps never repeat, and a drawn workspace is one that the app can show."""

import numpy as np
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks.big_workspace import big_workspace
from benchmarks.explorer import ranges
from benchmarks.wire import Frame, Wire, _Reader


def frame(payload: bytes, mask: bytes = b"") -> bytes:
    """One message of a web socket, as RFC 6455 has it."""
    n = len(payload)
    size = bytes([n]) if n < 126 else bytes([126]) + n.to_bytes(2, "big") if n < 1 << 16 else bytes([127]) + n.to_bytes(8, "big")
    masked = bytes(byte ^ mask[k % 4] for k, byte in enumerate(payload)) if mask else payload
    return b"\x82" + bytes([size[0] | (0x80 if mask else 0)]) + size[1:] + mask + masked


def test_frames_of_all_sizes_are_cut_as_they_were_sent_however_they_arrive():
    sent = [b"", b"x", bytes(range(125)), b"y" * 126, b"z" * 70_000]
    stream = b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n" + b"".join(frame(payload, b"\x01\x02\x03\x04") for payload in sent)
    for step in (1, 7, 1000, len(stream)):
        wire = Wire()
        reader = _Reader(wire, up=True)
        for start in range(0, len(stream), step):
            reader.take(stream[start : start + step])
        assert [found.payload for found in wire.frames] == sent


def test_only_the_end_of_a_script_is_taken_for_one():
    ended = ForwardMsg(script_finished=ForwardMsg.FINISHED_SUCCESSFULLY).SerializeToString()
    assert Frame(0.0, False, ended).finished
    assert not Frame(0.0, True, ended).finished
    assert not Frame(0.0, False, ForwardMsg(session_event={"script_changed_on_disk": True}).SerializeToString()).finished
    assert not Frame(0.0, False, b"\xff\xff").finished


def test_no_range_of_epochs_comes_twice():
    at, seen = [1, 10], [(1, 10)]
    for end, key in ranges(10, 20):
        at[end] += 1 if key == "ArrowRight" else -1
        assert 1 <= at[0] <= at[1] <= 10
        seen.append((at[0], at[1]))
    assert len(set(seen)) == len(seen) == 21


def test_a_drawn_workspace_looks_like_a_data_map_and_is_made_once(tmp_path):
    ws = big_workspace(tmp_path, rows=2000, references=3, epochs=3)
    runs = ws.runs.list()
    assert [(run.epochs_recorded, run.state) for run in runs] == [(3, "succeeded")] * 3
    regions = ws.map(runs[0].id).regions()
    assert regions["easy"] > regions["ambiguous"] > regions["hard"] > 50
    assert np.corrcoef([ws.map(run.id).values["confidence"] for run in runs]).min() > 0.5
    before = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("epoch=*.parquet")}
    assert big_workspace(tmp_path, rows=2000, references=3, epochs=3).path == ws.path
    assert {file: file.stat().st_mtime_ns for file in tmp_path.rglob("epoch=*.parquet")} == before
