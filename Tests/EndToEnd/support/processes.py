"""Programs that a test starts: found listening, and ended, by what the kernel says of them."""

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path


def free_port():
    """A port of loopback that the kernel chose and nothing uses at the moment."""
    with socket.socket(socket.AF_INET6) as probe:
        probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        probe.bind(("::", 0))
        return probe.getsockname()[1]


def accepts(port, host="127.0.0.1"):
    with contextlib.suppress(OSError):
        socket.create_connection((host, port), timeout=1).close()
        return True
    return False


def wait_until(condition, seconds=20, what="condition", pause=0.02):
    """For what the kernel offers no event for: another process's sockets and /proc."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come true within {seconds} s")
        time.sleep(pause)


class Program:
    """A program in a process group of its own; its output is kept line by line."""

    def __init__(self, command, ports=(), env=None, cwd=None, stdin=None, ready_seconds=30):
        self.command = [str(part) for part in command]
        self.lines, self.errors = [], []
        self.changed = threading.Condition()
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=env,
            cwd=cwd,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        if stdin is not None:
            self.process.stdin.write(stdin)
            self.process.stdin.close()
        self.readers = [
            threading.Thread(target=self._read, args=pair, daemon=True)
            for pair in ((self.process.stdout, self.lines), (self.process.stderr, self.errors))
        ]
        for reader in self.readers:
            reader.start()
        try:
            for port in ports:
                wait_until(
                    lambda port=port: accepts(port) or self._must_live(),
                    ready_seconds,
                    f"{self.command[0]} listening on {port}",
                )
        except BaseException:
            self.stop()
            raise

    @property
    def pid(self):
        return self.process.pid

    @property
    def error_text(self):
        return "".join(self.errors)

    def _must_live(self):
        if self.process.poll() is not None:
            raise RuntimeError(
                f"{self.command} ended with {self.process.returncode}:\n{self.error_text[-3000:]}"
            )
        return False

    def _read(self, stream, lines):
        for line in stream:
            with self.changed:
                lines.append(line)
                self.changed.notify_all()

    def wait_for_line(self, text, seconds=10, errors=True):
        """The first line of standard error (or output) that holds `text`."""
        lines = self.errors if errors else self.lines

        def found():
            return next((line for line in lines if text in line), None)

        with self.changed:
            if not self.changed.wait_for(found, seconds):
                raise TimeoutError(f"no line with {text!r} in:\n{''.join(lines)[-3000:]}")
            return found()

    def signal(self, number):
        os.kill(self.pid, number)

    def wait(self, seconds=20):
        status = self.process.wait(seconds)
        for reader in self.readers:
            reader.join(seconds)
        return status

    def stop(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(8)
                return

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    # What /proc says of it.

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def resident_bytes(self):
        status = Path(f"/proc/{self.pid}/smaps_rollup").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if "Rss:" in line) * 1024


def run(command, env=None, stdin="", cwd=None, seconds=60):
    """Runs to the end; the result has returncode, stdout, stderr."""
    return subprocess.run(
        [str(part) for part in command],
        input=stdin,
        env=env,
        cwd=cwd,
        timeout=seconds,
        capture_output=True,
        text=True,
        check=False,
    )
