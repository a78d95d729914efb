"""One thread computes at a time, and none waits long for another."""

import os
import runpy
import sys
import threading
from collections.abc import Callable

import pytest

from isic_cli.files import turns as module
from isic_cli.files.turns import TURNS, Turns


def in_thread(call: Callable[[], object]) -> None:
    thread = threading.Thread(target=call)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()


def is_free(turns: Turns) -> bool:
    """Whether another thread gets its turn now."""
    found = []

    def look() -> None:
        with turns.taken() as mine:
            found.append(mine)

    in_thread(look)
    return found == [True]


@pytest.fixture
def turns() -> Turns:
    return Turns(0)


def test_a_turn_is_taken_until_its_end_also_when_that_is_an_error(turns: Turns) -> None:
    with turns.taken() as mine:
        assert (mine, is_free(turns)) == (True, False)
    assert is_free(turns)
    with pytest.raises(KeyError), turns.taken():
        raise KeyError
    assert is_free(turns)


def test_others_work_while_a_thread_is_aside(turns: Turns) -> None:
    with turns.taken():
        with turns.aside():
            assert is_free(turns)
        assert not is_free(turns)
        with pytest.raises(KeyError), turns.aside():
            assert is_free(turns)
            raise KeyError
        assert not is_free(turns)
    assert is_free(turns)


def test_aside_in_aside_is_one_step(turns: Turns) -> None:
    with turns.taken():
        with turns.aside(), turns.aside():
            assert is_free(turns)
        assert not is_free(turns)
    assert is_free(turns)


def test_a_turn_is_kept_where_nothing_is_waited_for(turns: Turns) -> None:
    with turns.taken(), turns.aside(when=False):
        assert not is_free(turns)


def test_a_thread_that_takes_no_turns_neither_waits_nor_passes_one_on(turns: Turns) -> None:
    def wait() -> None:
        with turns.aside():
            assert not is_free(turns)

    with turns.taken():
        in_thread(wait)
        assert not is_free(turns)


def test_a_thread_goes_on_without_its_turn_when_that_does_not_come() -> None:
    turns = Turns(0.01)
    steps = []

    def work() -> None:
        with turns.taken() as mine:
            steps.append(mine)
            with turns.aside():
                steps.append(is_free(turns))
            steps.append(is_free(turns))

    with turns.taken():
        in_thread(work)
        # It passed on no turn that was not its own, before or afterwards.
        assert (steps, is_free(turns)) == ([False, False, False], False)


def test_the_next_one_gets_a_turn_that_is_passed_on_while_it_waits() -> None:
    turns = Turns(10)
    begun, order = threading.Event(), []

    def work() -> None:
        begun.set()
        with turns.taken() as mine:
            order.append(f"second {mine}")

    with turns.taken():
        thread = threading.Thread(target=work)
        thread.start()
        assert begun.wait(10)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second True"]


@pytest.mark.parametrize(("has_lock", "waits"), [(True, True), (False, False)])
def test_nobody_waits_where_there_is_no_interpreter_lock(
    has_lock: bool, waits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: has_lock, raising=False)
    turns = runpy.run_path(module.__file__)["TURNS"]
    assert (turns.patience > 0) is waits


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_process_waits_for_no_thread_of_its_parent() -> None:
    parent = os.getpid()
    code, got = 2, False
    try:
        with TURNS.taken():
            child = os.fork()
            if not child:
                with TURNS.taken() as mine:
                    got = mine
            else:
                assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
                assert not is_free(TURNS)
        code = 0 if got and is_free(TURNS) else 3
    finally:
        if os.getpid() != parent:
            os._exit(code)
    assert is_free(TURNS)
