"""Processes that end with the script, their ports, and what the kernel says about them."""

import contextlib
import ctypes
import json
import os
import pathlib
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator

_libc = ctypes.CDLL(None)
HERE = pathlib.Path(__file__).resolve().parent


def end_with_parent() -> None:
    """Runs in the child: the kernel ends it when this script has gone, however that happened."""
    _libc.prctl(1, signal.SIGTERM)


def free_port() -> int:
    """A port that was free a moment ago, chosen by the kernel."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port: int, process: subprocess.Popen, name: str, seconds: float = 10.0) -> None:
    """Returns when the port accepts; raises when the process ended or the time is up."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"{name} ended with status {process.returncode}; see its log")
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError(f"{name} did not open port {port} within {seconds} s")


def stop(process: subprocess.Popen) -> None:
    """Ends a process of ours: asked first, then made to."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Running:
    """A process with its children (nginx and HAProxy work in a child)."""

    def __init__(self, process: subprocess.Popen):
        self.process = process

    def pids(self) -> list[int]:
        found = [self.process.pid]
        for pid in found:
            path = pathlib.Path(f"/proc/{pid}/task/{pid}/children")
            found += [int(child) for child in path.read_text().split()]
        return found

    def cpu_seconds(self) -> float:
        """Time on a processor of all threads, user and system, by the scheduler's own clock."""
        total = 0
        for pid in self.pids():
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                    total += int((task / "schedstat").read_text().split()[0])
        return total / 1e9

    def rss_kib(self) -> int:
        """Resident memory of all its processes, in KiB."""
        total = 0
        for pid in self.pids():
            for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1])
        return total


class Tools:
    """The programs of Benchmarks/tools, compiled into a folder."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder / "tools"
        self.folder.mkdir()
        for name, libraries in [("load", []), ("streams", []), ("verify", ["-lcrypto"])]:
            source = HERE.parent / "tools" / f"{name}.c"
            subprocess.run(["cc", "-O2", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-o",
                            str(self.folder / name), str(source), *libraries], check=True)

    def _run(self, *words: str) -> dict:
        ran = subprocess.run([str(self.folder / words[0]), *words[1:]], capture_output=True,
                             text=True, timeout=130)
        if ran.returncode != 0:
            raise RuntimeError(f"{' '.join(words)}: {ran.stderr.strip() or ran.returncode}")
        return json.loads(ran.stdout)

    def load(self, port: int, connections: int, requests: int, rate: float,
             messages: pathlib.Path) -> dict:
        return self._run("load", str(port), str(connections), str(requests), str(rate),
                         str(messages))

    @contextlib.contextmanager
    def verifier(self, algorithm: str) -> Iterator[Callable[[float], float]]:
        """A function that measures for so many seconds what libcrypto needs for a verification,
        in microseconds."""
        process = subprocess.Popen(
            [str(self.folder / "verify"), algorithm], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, preexec_fn=end_with_parent)

        def measure(seconds: float) -> float:
            process.stdin.write(f"{seconds}\n")
            process.stdin.flush()
            return float(process.stdout.readline())

        try:
            yield measure
        finally:
            stop(process)

    def stream_origin(self, streams: int, rate: float) -> tuple[subprocess.Popen, int]:
        port = free_port()
        process = subprocess.Popen(
            [str(self.folder / "streams"), "origin", str(port), str(streams), str(rate)],
            preexec_fn=end_with_parent)
        try:
            wait_for(port, process, "the origin of streams")
        except BaseException:
            stop(process)
            raise
        return process, port

    def stream_client(self, port: int, streams: int, seconds: float) -> subprocess.Popen:
        """Returns when all streams are open."""
        process = subprocess.Popen(
            [str(self.folder / "streams"), "client", str(port), str(streams), str(seconds)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=end_with_parent)
        if process.stdout.readline() != "open\n":
            stop(process)
            raise RuntimeError(f"the streams did not open; status {process.returncode}")
        return process


def raise_file_limit() -> int:
    """As many files as the machine allows; what is started inherits it."""
    import resource
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
