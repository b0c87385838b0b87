"""The measuring programs measure what they say: a bound that is missed is seen, a stall is counted."""

import contextlib
import json
import pathlib
import socket
import subprocess
import sys
import threading
import time

import pytest

BENCHMARKS = pathlib.Path(__file__).resolve().parent.parent.parent / "Benchmarks"
sys.path += [str(BENCHMARKS / "compare"), str(BENCHMARKS / "count")]

import callgrind  # noqa: E402
import document  # noqa: E402
import figures  # noqa: E402

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture(scope="module")
def load(tmp_path_factory) -> pathlib.Path:
    """The load generator, compiled."""
    to = tmp_path_factory.mktemp("load") / "load"
    subprocess.run(["cc", "-O1", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-o", str(to),
                    str(BENCHMARKS / "tools/load.c")], check=True)
    return to


@contextlib.contextmanager
def origin(answer):
    """Calls `answer(connection, number)` for each request of the one connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def serve():
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection:
                number = 0
                while connection.recv(4096):
                    answer(connection, number)
                    number += 1
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(5)


def ask(load: pathlib.Path, port: int, requests: int, rate: float, folder: pathlib.Path):
    message = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    file = folder / "messages"
    file.write_text(f"{len(message)}\n{message}")
    return subprocess.run([str(load), str(port), "1", str(requests), str(rate), str(file)],
                          capture_output=True, text=True, timeout=30)


def test_a_stall_counts_for_every_request_that_was_due_in_it(load, tmp_path):
    def answer(connection, number):
        if number == 50:
            time.sleep(0.3)
        connection.sendall(ANSWER)

    with origin(answer) as port:
        ran = ask(load, port, 1000, 1000, tmp_path)
    found = json.loads(ran.stdout)
    assert found["requests"] == 1000
    # 300 of the 1,000 were due within the stall: they waited 150 ms in the mean. Counted from the
    # sending, only one would have been late.
    assert found["p90_us"] > 150_000
    assert found["max_us"] >= 299_000


def test_a_closed_loop_counts_the_stall_once(load, tmp_path):
    def answer(connection, number):
        if number == 50:
            time.sleep(0.3)
        connection.sendall(ANSWER)

    with origin(answer) as port:
        ran = ask(load, port, 1000, 0, tmp_path)
    found = json.loads(ran.stdout)
    assert found["p99_us"] < 299_000 <= found["max_us"]


@pytest.mark.parametrize("bytes_", [
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n\r\n",
    ANSWER + ANSWER,
    b"",
], ids=["status", "no-length", "two-answers", "closed"])
def test_an_answer_that_is_not_200_and_whole_is_a_failure(load, tmp_path, bytes_):
    def answer(connection, number):
        if bytes_:
            connection.sendall(bytes_)
        else:
            connection.shutdown(socket.SHUT_RDWR)

    with origin(answer) as port:
        ran = ask(load, port, 3, 0, tmp_path)
    assert ran.returncode == 1 and ran.stderr and not ran.stdout


def test_a_bound_holds_within_its_tolerance_and_not_beyond():
    assert figures.Figure("s", "n", 1.029, bound=1.0).held
    assert not figures.Figure("s", "n", 1.031, bound=1.0).held
    assert not figures.Figure("s", "n", 1.001, bound=1.0, tolerance=1).held
    assert figures.Figure("s", "n", 1.1, bound=1.0, fallback=1.15).held
    assert not figures.Figure("s", "n", 1.16, bound=1.0, fallback=1.15).held
    assert "MISSED" in figures.Figure("s", "n", 2, bound=1.0).line()


def test_a_ratio_is_the_median_of_the_rounds(tmp_path):
    # The second round met a slower machine, both alike.
    assert figures.ratio([10, 30, 11], [10, 30, 10]) == 1.0


PROFILE = """version: 1
events: Ir
fn=main
0 {own}
cfn=malloc
calls={calls} 0
0 {inside}
cfn=swift_allocObject'2
calls=3 0
0 50
fn=malloc
0 {inside}
summary: {total}
"""


def test_counts_a_request_are_the_difference_of_two_runs(tmp_path):
    (tmp_path / "n").write_text(PROFILE.format(own=100, calls=10, inside=40, total=190))
    (tmp_path / "2n").write_text(PROFILE.format(own=300, calls=30, inside=60, total=410))
    more, less = callgrind.read(tmp_path / "2n"), callgrind.read(tmp_path / "n")
    assert less.own == {"main": 100, "malloc": 40}
    assert less.called(callgrind.OBJECTS) == 3
    each = callgrind.difference(more, less, 10)
    assert each.instructions == 22
    assert each.called(callgrind.ALLOCATORS) == 2
    assert each.edges["main", "malloc"] == 2


def test_a_profile_without_counts_is_refused(tmp_path):
    (tmp_path / "empty").write_text("version: 1\n")
    with pytest.raises(RuntimeError):
        callgrind.read(tmp_path / "empty")


def test_the_document_gets_the_figures_between_its_marks(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- figures: start -->\nold\n<!-- end -->\nb\n")
    document.fill(page, {"figures": [], "versions": {}, "tables": {
        "start": [{"peer": "gatehouse", "first_answer_ms": 60.4, "idle_mib": 27.46}]}})
    text = page.read_text()
    assert "| gatehouse | 60 | 27.5 |" in text and "old" not in text
    assert text.startswith("a\n") and text.endswith("\nb\n")
