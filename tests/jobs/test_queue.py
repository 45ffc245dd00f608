"""The queue's table, and the states that follow from files."""

import fcntl
from concurrent.futures import ThreadPoolExecutor

import pytest

from ftft import jobs
from ftft.errors import InputError
from ftft.jobs.lock import Attempt, attempt_of, is_held, take
from ftft.runpaths import RunPaths
from tests.jobs.conftest import Bench, write_verdict


def test_a_run_submitted_again_keeps_its_place(bench: Bench) -> None:
    bench.add("a", "b", "c")
    bench.queue.submit("a")
    assert [row.run for row in bench.queue.rows()] == ["a", "b", "c"]
    assert [bench.queue.position(run) for run in ("a", "b", "c", "d")] == [1, 2, 3, None]


def test_places_close_up_when_a_run_is_removed(bench: Bench) -> None:
    bench.add("a", "b", "c")
    bench.queue.remove("b")
    bench.queue.remove("never queued")
    assert bench.queue.position("c") == 2
    bench.queue.submit("b")
    assert [row.run for row in bench.queue.rows()] == ["a", "c", "b"]


def test_a_run_that_is_being_trained_has_no_place(bench: Bench) -> None:
    folder, _ = bench.add("a", "b")
    bench.queue.started("a", attempts=1, progress="", token="t")
    with take(folder):
        assert (bench.queue.position("a"), bench.queue.position("b")) == (None, 1)


def test_many_submitting_at_once_lose_nothing_and_double_nothing(bench: Bench) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda k: jobs.Queue(bench.root).submit(f"run{k % 20}"), range(60)))
    rows = bench.queue.rows()
    assert sorted(row.run for row in rows) == sorted(f"run{k}" for k in range(20))
    assert len({row.position for row in rows}) == 20


def test_looking_at_a_queue_makes_no_file(bench: Bench) -> None:
    assert bench.queue.rows() == []
    assert list(bench.root.iterdir()) == []


def test_a_verdict_outranks_a_lock_a_lock_a_mark_and_a_mark_a_row(bench: Bench) -> None:
    (folder,) = bench.add("a")
    seen = [jobs.state(folder, bench.queue)]
    folder.cancel_file.touch()
    seen.append(jobs.state(folder, bench.queue))
    with take(folder):
        seen.append(jobs.state(folder, bench.queue))
        write_verdict(folder, "failed")
        seen.append(jobs.state(folder, bench.queue))
    assert seen == ["queued", "cancelled", "running", "failed"]


def test_a_run_without_verdict_attempt_mark_or_row_is_lost(bench: Bench) -> None:
    (folder,) = bench.add("a")
    bench.queue.remove("a")
    assert jobs.state(folder, bench.queue) == "lost"


def test_a_run_that_ends_while_it_is_looked_at_is_not_lost(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder,) = bench.add("a")

    def ends_now(_: RunPaths) -> bool:
        write_verdict(folder, "succeeded")
        bench.queue.remove("a")
        return False

    monkeypatch.setattr("ftft.jobs.lifecycle.is_held", ends_now)
    assert jobs.state(folder, bench.queue) == "succeeded"


def test_asking_whether_a_lock_is_held_does_not_hold_it(bench: Bench) -> None:
    (folder,) = bench.add("a")
    assert not is_held(folder)
    assert not folder.lock_file.exists()
    with take(folder):
        assert is_held(folder)
        assert take(folder) is None
    with folder.lock_file.open() as somebody_who_asks:
        fcntl.flock(somebody_who_asks, fcntl.LOCK_SH)
        assert not is_held(folder)


def test_a_lock_names_the_latest_attempt_until_it_is_cleared(bench: Bench) -> None:
    (folder,) = bench.add("a")
    assert attempt_of(folder) is None
    with take(folder) as lock:
        lock.sign(Attempt("0123456789abcdef", 4194304))
        lock.sign(Attempt("fedcba9876543210"))
    assert attempt_of(folder) == Attempt("fedcba9876543210")
    with take(folder) as lock:
        lock.clear()
    assert attempt_of(folder) is None


def test_a_run_started_by_hand_refuses_a_second_attempt(bench: Bench) -> None:
    (folder,) = bench.add("a")
    with jobs.claim(folder):
        assert jobs.state(folder, bench.queue) == "running"
        with pytest.raises(InputError, match="already running"), jobs.claim(folder):
            pass
    assert jobs.state(folder, bench.queue) == "queued"


def test_cancelling_a_waiting_run_takes_it_out_and_starts_nothing(bench: Bench) -> None:
    (folder, _) = bench.add("a", "b")
    jobs.cancel(bench.root, folder)
    assert jobs.state(folder, bench.queue) == "cancelled"
    assert [row.run for row in bench.queue.rows()] == ["b"]
    assert not (bench.root / "locks").exists()


def test_cancelling_a_run_that_has_ended_changes_nothing(bench: Bench) -> None:
    (folder,) = bench.add("a")
    write_verdict(folder, "succeeded")
    jobs.cancel(bench.root, folder)
    assert jobs.state(folder, bench.queue) == "succeeded"
    assert not folder.cancel_file.exists()
