"""Two tasks at a time, in an order that keeps memory low."""

from __future__ import annotations

import threading

import pytest

from credit_udfs.workbook.threads import AT_ONCE, Task, run_all


def test_everything_runs_once_and_never_more_than_two_at_a_time():
    lock, running, most, done = threading.Lock(), 0, 0, []

    def work(name: str, depth: int) -> list[Task]:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        after = [Task(lambda k=k: work(f"{name}{k}", depth - 1), name, k) for k in range(3)] if depth else []
        with lock:
            running -= 1
            done.append(name)
        return after

    told = []
    run_all([Task(lambda: work("a", 2), "a", 1), Task(lambda: work("b", 2), "b", 1)], lambda: told.append(len(done)))
    assert sorted(done) == sorted({*done})
    assert len(done) == 2 * (1 + 3 + 9)
    assert most <= AT_ONCE
    assert told[-1] == len(done)


def test_another_file_is_preferred_to_the_same_one():
    begun: list[str] = []
    hold = threading.Event()

    def first() -> list[Task]:
        begun.append("first")
        hold.wait(10)
        return []

    def then(name: str) -> Task:
        def run() -> list[Task]:
            begun.append(name)
            if len(begun) == 4:
                hold.set()
            return []

        return Task(run, name[0], int(name[1:]))

    run_all([Task(first, "x", 1, urgent=True), then("x9"), then("y1"), then("y5")], lambda: None)
    assert begun == ["first", "y5", "y1", "x9"]


def test_an_error_ends_it():
    begun = []

    def fail() -> list[Task]:
        raise ValueError("no")

    def run() -> list[Task]:
        begun.append(1)
        return []

    with pytest.raises(ValueError, match="no"):
        run_all([Task(fail, "a", 9, urgent=True), *(Task(run, "b", 1) for _ in range(50))], lambda: None)
    assert len(begun) < 50
