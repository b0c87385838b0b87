"""The calls of the gateway that are to fail: builds inject.c and holds its control file."""

import errno
import mmap
import os
import struct
import subprocess

from support.places import HERE

CALLS = (
    "connect",
    "accept",
    "socket",
    "spawn",
    "thread",
    "write",
    "resolve",
    "epoll",
    "read",
)
SLOT = struct.calcsize("4i")
EAI_NONAME, EAI_AGAIN, EAI_FAIL = -2, -3, -4
MODES = {"system": 0, "address": 1, "empty": 2, "hang": 3}


class Injection:
    """`environment` is for the gateway; `fail` and `pass_again` work while it runs."""

    def __init__(self, folder):
        library = folder / "inject.so"
        command = ["cc", "-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
        command += ["-o", str(library), str(HERE / "faults" / "inject.c")]
        subprocess.run(command, check=True)
        path = folder / "inject.control"
        path.write_bytes(bytes(4096))
        with path.open("r+b") as file:
            self.shared = mmap.mmap(file.fileno(), 4096)
        self.environment = {"LD_PRELOAD": str(library), "INJECT_FILE": str(path)}

    def fail(self, call, error, times=-1, after=0):
        """From now on: `error` as a name of errno, or a number of EAI_*."""
        code = getattr(errno, error) if isinstance(error, str) else error
        at = CALLS.index(call) * SLOT
        # The error last: it is what switches the failure on.
        struct.pack_into("2i", self.shared, at + 4, times, after)
        struct.pack_into("i", self.shared, at, code)

    def pass_again(self, call):
        struct.pack_into("i", self.shared, CALLS.index(call) * SLOT, 0)

    def calls(self, call):
        """How often it was made, failures included."""
        return struct.unpack_from("i", self.shared, CALLS.index(call) * SLOT + 12)[0]

    def resolve(self, mode, address="127.0.0.1"):
        """How names are answered: system, address, empty or hang."""
        number = int.from_bytes(bytes(map(int, address.split("."))), "little")
        at = len(CALLS) * SLOT
        struct.pack_into("I", self.shared, at + 4, number)
        struct.pack_into("i", self.shared, at, MODES[mode])

    def log_only(self):
        """`write` fails for standard output and standard error only."""
        struct.pack_into("i", self.shared, len(CALLS) * SLOT + 8, 1)


def faketime_library():
    for folder in ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"):
        path = f"{folder}/faketime/libfaketime.so.1"
        if os.path.exists(path):
            return path
    raise FileNotFoundError("libfaketime is not installed")
