"""Executors: every item has its outcome, the window is kept, nothing hangs."""

from __future__ import annotations

import itertools
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kbatch.builtin.executors import Serial, Threads
from kbatch.data import Item, Source
from kbatch.stages import Executor, ExecutorOptions

BOTH = pytest.mark.parametrize("kind", [Threads, Serial])
Kind = type[Threads | Serial]


def item(index: int) -> Item:
    return Item(index, Source(Path("x.png"), "x.png", "x"))


def items(count: int) -> Iterator[Item]:
    return map(item, range(count))


def square(item: Item) -> int:
    return item.index**2


def ours() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("kbatch")]


def within(seconds: float, condition: Any) -> bool:
    latest = time.monotonic() + seconds
    while not condition() and time.monotonic() < latest:
        time.sleep(0.001)
    return bool(condition())


@BOTH
@pytest.mark.parametrize("window", [1, 2, 7, 100])
def test_every_item_has_its_outcome(kind: Kind, window: int) -> None:
    executor: Executor = kind(ExecutorOptions(workers=3))
    with executor as entered:
        outcomes = list(entered.run(square, items(25), window))
    assert {outcome.item.index: outcome.value for outcome in outcomes} == {
        index: index**2 for index in range(25)
    }
    assert len(outcomes) == 25
    assert all(outcome.failure is None for outcome in outcomes)


@BOTH
def test_no_items_no_outcomes(kind: Kind) -> None:
    with kind(ExecutorOptions(workers=2)) as executor:
        assert list(executor.run(square, [], 4)) == []
        assert list(executor.run(square, items(2), 4)) != []


@BOTH
@pytest.mark.parametrize("window", [1, 3, 8])
def test_never_more_than_the_window_is_taken_ahead(kind: Kind, window: int) -> None:
    taken = 0

    def endless() -> Iterator[Item]:
        nonlocal taken
        for index in itertools.count():
            taken += 1
            yield item(index)

    most = 0
    with kind(ExecutorOptions(workers=2)) as executor:
        run = executor.run(square, endless(), window)
        for yielded, _ in enumerate(itertools.islice(run, 100)):
            most = max(most, taken - yielded)
        run.close()
    assert most == (window if kind is Threads else 1)


def test_outcomes_come_as_they_are_ready() -> None:
    gate = threading.Event()

    def slow_first(item: Item) -> int:
        if item.index == 0:
            assert gate.wait(10)
        return item.index

    order = []
    with Threads(ExecutorOptions(workers=2)) as executor:
        for outcome in executor.run(slow_first, items(6), 3):
            order.append(outcome.value)
            if len(order) == 5:
                gate.set()
    assert order[-1] == 0
    assert sorted(order) == list(range(6))


def test_a_slow_consumer_does_not_starve_the_workers() -> None:
    started: list[int] = []

    def note(item: Item) -> None:
        started.append(item.index)

    with Threads(ExecutorOptions(workers=2)) as executor:
        run = executor.run(note, items(10), 4)
        next(run)
        assert within(10, lambda: len(started) == 4)
        next(run)
        assert within(10, lambda: len(started) == 5)
        run.close()


@BOTH
@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (ValueError("too odd"), "ValueError: too odd"),
        (MemoryError(), "MemoryError"),
        (SystemExit(3), "SystemExit: 3"),
    ],
)
def test_an_exception_is_the_failure_of_its_item(
    kind: Kind, error: BaseException, failure: str, caplog: pytest.LogCaptureFixture
) -> None:
    def odd(item: Item) -> int:
        if item.index == 2:
            raise error
        return item.index

    caplog.set_level(logging.DEBUG, "kbatch")
    with kind(ExecutorOptions(workers=2)) as executor:
        outcomes = {outcome.item.index: outcome for outcome in executor.run(odd, items(5), 2)}
    assert [outcomes[index].failure for index in range(5)] == [None, None, failure, None, None]
    assert [outcomes[index].value for index in range(5)] == [0, 1, None, 3, 4]
    assert "Traceback" in caplog.text


def test_threads_are_as_many_as_workers_and_end_with_the_block() -> None:
    barrier = threading.Barrier(3)  # needs three at once

    def meet(_: Item) -> int:
        barrier.wait(10)
        return threading.get_ident()

    with Threads(ExecutorOptions(workers=3)) as executor:
        idents = {outcome.value for outcome in executor.run(meet, items(9), 9)}
        assert len(idents) == len(ours()) == 3
        assert threading.get_ident() not in idents
    assert ours() == []


def test_items_that_stop_early_let_those_in_flight_finish() -> None:
    stop = threading.Event()

    def until_stopped() -> Iterator[Item]:
        for index in itertools.count():
            if stop.is_set():
                return
            yield item(index)

    seen = []
    with Threads(ExecutorOptions(workers=2)) as executor:
        for outcome in executor.run(square, until_stopped(), 5):
            seen.append(outcome.item.index)
            stop.set()
    assert sorted(seen) == list(range(5))


def test_closing_early_drops_what_has_not_begun_and_leaves_no_thread() -> None:
    gate = threading.Event()
    begun = []

    def wait(item: Item) -> None:
        begun.append(item.index)
        if item.index:
            assert gate.wait(10)

    with Threads(ExecutorOptions(workers=2)) as executor:
        run = executor.run(wait, items(50), 20)
        next(run)
        assert within(10, lambda: len(begun) == 3)
        run.close()  # must not wait for the gate
        gate.set()
        assert [outcome.value for outcome in executor.run(square, items(3), 1)] == [0, 1, 4]
    assert sorted(begun) == [0, 1, 2]
    assert ours() == []


def test_an_error_around_the_run_drops_what_has_not_begun() -> None:
    begun = []

    def note(item: Item) -> None:
        begun.append(item.index)
        time.sleep(0.05)

    executor = Threads(ExecutorOptions(workers=1))
    run = executor.run(note, items(50), 50)  # not closed when the block ends
    with pytest.raises(ZeroDivisionError), executor:  # noqa: PT012
        next(run)
        raise ZeroDivisionError
    assert len(begun) < 10
    assert ours() == []


def test_an_error_of_the_items_themselves_ends_the_run_and_its_threads() -> None:
    def broken() -> Iterator[Item]:
        yield item(0)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), Threads(ExecutorOptions(workers=2)) as executor:
        list(executor.run(square, broken(), 4))
    assert ours() == []


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
def test_a_signal_handler_runs_while_a_slow_item_is_waited_for() -> None:
    code = """if True:
        import signal, threading
        from kbatch.builtin.executors import Threads
        from kbatch.stages import ExecutorOptions
        flag = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: flag.set())
        def until_told(item):
            print("begun", flush=True)
            return flag.wait(20)
        with Threads(ExecutorOptions(workers=1)) as executor:
            print(*[outcome.value for outcome in executor.run(until_told, [1], 1)])
    """
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read() == b"True\n"
    assert process.returncode == 0
