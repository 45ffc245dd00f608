"""How much memory adding takes, in a process of its own."""

import pytest

from benchmarks import adding


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_large_file_takes_less_than_three_times_its_size(tmp_path, kind):
    """300 MB within 1 GB; before files were read in pieces, it took five times their size. What every command takes is left out."""
    file, small = tmp_path / f"train.{kind}", tmp_path / f"small.{kind}"
    assert adding.write(file, 60 * adding.MB) > 150_000
    adding.write(small, adding.MB // 2)
    what = ("--text", "text", "--label", "label", "--workspace", str(tmp_path / "ws"))
    base, peak = (adding.cost_of("data", "add", f.stem, "--train", str(f), *what)[1] for f in (small, file))
    assert (peak - base) * adding.MB < 3 * file.stat().st_size
