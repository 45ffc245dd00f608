"""What starts when: slots, priorities, pause, dependencies; and what a run's processes are told."""

import json
import os
import time
from collections import Counter

import pytest

from ftft import jobs
from ftft.jobs import environment, slots
from ftft.jobs.lock import attempt_of
from ftft.jobs.slots import CPU, Gpu
from tests.jobs.conftest import Bench, until, write_verdict

pytestmark = pytest.mark.timeout(40)
QUICK = "note('end'); verdict()"
UNTIL_TOLD = "\nwhile not (folder / 'go').exists(): time.sleep(.02)\nnote('end'); verdict()"
GPUS = tuple(Gpu(str(n), f"GPU-{n}aaa", "H100") for n in range(4))


def starts(bench: Bench) -> list[str]:
    return [run for what, run, _ in bench.notes() if what == "start"]


# ---- slots


def test_as_many_runs_are_trained_at_once_as_there_are_slots(bench: Bench) -> None:
    folders = bench.add("a", "b", "c")
    bench.queue.set("slots", 2)
    options = bench.options(UNTIL_TOLD)
    jobs.ensure_runner(bench.root, options)
    assert len(bench.started(2)) == 2
    time.sleep(0.3)
    assert starts(bench) == ["a", "b"]
    assert [bench.queue.position(run) for run in "abc"] == [None, None, 1]
    for folder in folders:
        (folder.path / "go").touch()
    assert set(bench.wait(folders, options).values()) == {"succeeded"}


def test_a_new_runner_counts_the_slots_that_are_taken(bench: Bench) -> None:
    folders = bench.add("a", "b")
    options = bench.options(UNTIL_TOLD)
    jobs.ensure_runner(bench.root, options)
    bench.started()
    bench.runners()[0].kill()
    until(lambda: not bench.runners())
    jobs.ensure_runner(bench.root, options)
    until(lambda: len(bench.runners()) == 1)
    time.sleep(0.4)
    assert starts(bench) == ["a"]
    for folder in folders:
        (folder.path / "go").touch()
    assert set(bench.wait(folders, options).values()) == {"succeeded"}


def test_runs_are_spread_over_gpus_and_take_one_slot_on_each() -> None:
    used: Counter[str] = Counter()
    placed = []
    for wanted in (1, 1, 2, 1):
        placed.append(slots.place(wanted, ("0", "1", "2"), used, per_device=2))
        used.update(placed[-1])
    assert placed == [("0",), ("1",), ("0", "2"), ("1",)]
    assert slots.place(2, ("0", "1", "2"), used, per_device=2) == (), "one GPU alone has a slot free"
    assert slots.place(9, ("0", "1", "2"), Counter(), per_device=1) == ("0", "1", "2"), "who wants more than there are takes all"


def test_on_the_cpu_each_process_of_a_run_takes_a_slot() -> None:
    assert slots.place(2, (CPU,), Counter(), per_device=3) == (CPU, CPU)
    assert slots.place(2, (CPU,), Counter({CPU: 2}), per_device=3) == ()
    assert slots.place(4, (CPU,), Counter(), per_device=3) == (CPU, CPU, CPU)


@pytest.mark.parametrize(
    ("asked", "given"),
    [(None, ("0", "1", "2", "3")), ("2", ("2",)), ("3,1", ("3", "1")), ("GPU-1aaa", ("1",)), ("", (CPU,)), ("-1", (CPU,))],
)
def test_a_run_stays_on_the_gpus_that_whoever_asked_for_it_could_see(asked: str | None, given: tuple[str, ...]) -> None:
    assert slots.allowed(GPUS, {} if asked is None else {"CUDA_VISIBLE_DEVICES": asked}) == given
    assert slots.allowed((), {}) == (CPU,)


def test_gpus_are_read_from_what_nvidia_smi_prints(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho '0, GPU-12, NVIDIA H100, 37, 1024, 81559'\necho '1, GPU-34, NVIDIA H100, [N/A], 0, 81559'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    first, second = slots.gpus()
    assert (first.index, first.uuid, first.percent, first.memory_bytes) == ("0", "GPU-12", 37.0, 1 << 30)
    assert (second.name, second.percent) == ("NVIDIA H100", None)
    program.write_text("#!/bin/sh\nexit 9\n")
    assert slots.gpus() == ()


def test_a_gpu_run_is_told_its_devices_and_runs_that_share_the_cpu_share_its_cores() -> None:
    assert slots.variables(("1", "3"), 1, {})["CUDA_VISIBLE_DEVICES"] == "1,3"
    assert slots.variables((CPU,), 1, {}) == {}
    assert slots.variables((CPU,), slots.cores(), {}) == ({"OMP_NUM_THREADS": "1"} if slots.cores() > 1 else {})
    assert slots.variables((CPU,), 2, {"OMP_NUM_THREADS": "3"}) == {}


# ---- order


def test_higher_priorities_start_first_and_equal_ones_in_their_order(bench: Bench) -> None:
    folders = bench.add("a", "b", "c", "d")
    bench.queue.prioritise("c", 5)
    bench.queue.prioritise("d", 5)
    assert [bench.queue.position(run) for run in "abcd"] == [3, 4, 1, 2]
    assert not bench.queue.prioritise("nobody", 1)
    bench.wait(folders, bench.options(QUICK))
    assert starts(bench) == ["c", "d", "a", "b"]


def test_a_paused_queue_starts_nothing_lets_what_runs_go_on_and_needs_no_runner(bench: Bench) -> None:
    first, second = bench.add("a", "b")
    options = bench.options(UNTIL_TOLD, idle=0.2)
    jobs.ensure_runner(bench.root, options)
    bench.started()
    bench.queue.set("paused", 1)
    (first.path / "go").touch()
    until(lambda: jobs.state(first, bench.queue) == "succeeded")
    until(lambda: not bench.runners())
    assert starts(bench) == ["a"]
    assert not jobs.ensure_runner(bench.root, options)
    assert jobs.state(second, bench.queue) == "queued"
    bench.queue.set("paused", 0)
    (second.path / "go").touch()
    assert bench.wait([second], options) == {"b": "succeeded"}


# ---- dependencies


def test_a_run_waits_for_what_it_depends_on_and_lets_others_pass(bench: Bench) -> None:
    (reference,) = bench.add("reference")
    (bench.root / "runs" / "main").mkdir()
    bench.queue.submit("main", priority=9, dependencies=["reference"])
    (other,) = bench.add("other")
    main = bench.queue.folder("main")
    assert set(bench.wait([reference, main, other], bench.options(QUICK)).values()) == {"succeeded"}
    assert [what for what in starts(bench) if what != "other"] == ["reference", "main"]


@pytest.mark.parametrize("ended", ["failed", "cancelled", "lost", "removed"])
def test_a_run_fails_with_what_it_depends_on(bench: Bench, ended: str) -> None:
    reference = bench.queue.folder("reference")
    main = bench.queue.folder("main")
    for folder in (reference, main):
        folder.path.mkdir(parents=True)
    if ended == "failed":
        write_verdict(reference, "failed")
    elif ended == "cancelled":
        reference.cancel_file.touch()
    elif ended == "removed":
        reference.path.rmdir()
    bench.queue.submit("main", dependencies=["reference"])
    assert bench.wait([main], bench.options(QUICK)) == {"main": "failed"}
    verdict = main.verdict()
    assert verdict
    assert verdict["cause"] == "dependency_failed"
    assert "reference" in verdict["error"]["message"]
    assert ("Train reference again" if ended == "removed" else "resumes reference as well") in verdict["error"]["remedy"]
    until(lambda: not bench.queue.rows())


def test_resuming_a_run_resumes_what_it_waits_for(bench: Bench) -> None:
    reference, main = bench.queue.folder("reference"), bench.queue.folder("main")
    for folder, after in ((reference, []), (main, ["reference"])):
        folder.path.mkdir(parents=True)
        spec = {
            "dataset": "d",
            "dataset_fingerprint": "f",
            "model": "m",
            "model_fingerprint": "p",
            "seeds": {"init": 1, "order": 1, "dropout": 1},
        }
        (folder.path / "spec.json").write_text(json.dumps({"created": "now", "after": after, "spec": spec}))
    write_verdict(reference, "failed")
    write_verdict(main, "failed")
    jobs.resume(bench.root, main)
    assert [row.run for row in bench.queue.rows()] == ["reference", "main"]
    assert set(bench.wait([reference, main], bench.options(QUICK)).values()) == {"succeeded"}
    assert starts(bench) == ["reference", "main"]


# ---- what an attempt is told


def test_a_run_gets_the_environment_of_who_asked_for_it_and_no_secret_is_written_down(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder,) = bench.add("first")
    write = "(folder / 'told').write_text(json.dumps(dict(os.environ))); verdict()"
    monkeypatch.setenv("HF_HOME", "/the/runner's")
    monkeypatch.setenv("WANDB_MODE", "online")
    monkeypatch.setenv("HF_TOKEN", "of-the-runner")
    options = bench.options("\nwhile not (folder / 'go').exists(): time.sleep(.02)\n" + write, idle=3)
    jobs.ensure_runner(bench.root, options)
    bench.started()
    monkeypatch.setenv("HF_HOME", "/mine")
    monkeypatch.delenv("WANDB_MODE")
    monkeypatch.setenv("HF_TOKEN", "not-to-be-written")
    monkeypatch.setenv("HTTPS_PROXY", "http://me:password@proxy")
    (second,) = bench.add("second")
    for each in (folder, second):
        (each.path / "go").touch()
    bench.wait([folder, second], options)
    told = json.loads((second.path / "told").read_text())
    assert told["HF_HOME"] == "/mine"
    assert "WANDB_MODE" not in told
    assert told["HF_TOKEN"] == "of-the-runner"
    assert b"not-to-be-written" not in (bench.root / "queue.db").read_bytes()
    assert b"password" not in (bench.root / "queue.db").read_bytes()


def test_only_what_training_listens_to_is_carried() -> None:
    asked = {
        "HF_HOME": "/x",
        "CUDA_VISIBLE_DEVICES": "1",
        "no_proxy": "a",
        "TOKENIZERS_PARALLELISM": "true",
        "WANDB_API_KEY": "k",
        "PATH": "/bin",
    }
    assert set(environment.carried(asked)) == {"HF_HOME", "CUDA_VISIBLE_DEVICES", "no_proxy", "TOKENIZERS_PARALLELISM"}


# ---- a reboot


def test_a_reboot_is_no_fault_of_the_run_and_it_goes_on(bench: Bench) -> None:
    (folder,) = bench.add("a")
    training = "(folder / 'up').exists() and (verdict(), sys.exit()); time.sleep(60)"
    jobs.ensure_runner(bench.root, bench.options(training, boot="monday"))
    bench.started()
    for process in [*bench.runners(), *bench.trainings()]:  # the machine goes down
        process.kill()
    until(lambda: not bench.processes())
    attempt = attempt_of(folder)
    assert attempt
    assert attempt.boot == "monday"
    bench.queue.started(
        "a", attempts=10, progress="epoch 0, checkpoint none", token=attempt.token
    )  # once more, and it would have been killed too often
    (folder.path / "up").touch()
    assert bench.wait([folder], bench.options(training, boot="tuesday")) == {"a": "succeeded"}


# ---- what it takes


def test_what_a_run_takes_of_the_machine_is_measured_over_all_its_processes(bench: Bench) -> None:
    (folder,) = bench.add("a")
    busy = "child = subprocess.Popen([sys.executable, '-S', '-c', 'while True: pass'])\n"
    jobs.ensure_runner(bench.root, bench.options(busy + "note('ready')\nwhile True: time.sleep(1)"))
    until(lambda: ("ready", "a") in [note[:2] for note in bench.notes()])
    meter = jobs.UsageMeter()
    first = meter.look(folder)
    assert first
    assert (first.cpu_percent, first.processes, first.gpus) == (None, 2, ())
    assert first.memory_bytes > 5e6
    time.sleep(0.5)
    second = meter.look(folder)
    assert second
    assert second.cpu_percent
    assert 10 < second.cpu_percent < 130, "one of the two does nothing"
    jobs.cancel(bench.root, folder, bench.options("", grace=0.1))
    until(lambda: "a" not in bench.queue)
    assert meter.look(folder) is None
