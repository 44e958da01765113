"""Two tasks at a time, chosen so that neither thread idles and two large sheets of one file are seldom held at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

AT_ONCE = 2


@dataclass(frozen=True)
class Task:
    """Something to do, which gives what can be done after it.

    owner: the file it's about; weight: a measure of the work; urgent: it only looks a file over.
    """

    run: Callable[[], list[Task]]
    owner: str
    weight: int
    urgent: bool = False


def run_all(tasks: Iterable[Task], after_each: Callable[[], None]) -> None:
    """Run `tasks` and all that follow from them; `after_each` is called in the caller's thread.

    Urgent ones come first, then those whose file isn't being read by the other thread, then the largest.
    The first exception, also one of `after_each` or Ctrl-C, ends it: nothing new is begun.
    """
    ready = list(tasks)
    running: dict[Future[list[Task]], Task] = {}
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        while ready or running:
            while ready and len(running) < AT_ONCE:
                busy = {task.owner for task in running.values()}
                ready.sort(key=lambda task, busy=busy: (task.urgent, task.owner not in busy, task.weight))  # type: ignore[misc]
                task = ready.pop()
                running[pool.submit(task.run)] = task
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                del running[future]
                ready += future.result()
            after_each()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
