"""Reads what callgrind wrote: instructions of each function, and how often each was called."""

import collections
import dataclasses
import pathlib

#: Every entry of the C library by which memory is allocated.
ALLOCATORS = {"malloc", "calloc", "realloc", "memalign", "posix_memalign", "aligned_alloc"}
OBJECTS = {"swift_allocObject"}
#: libcrypto's own work on a signature, with the hash of what is signed, as our code calls it.
VERIFICATION = {"EVP_DigestVerify", "EVP_PKEY_verify", "EVP_DigestUpdate", "EVP_DigestFinal_ex"}


@dataclasses.dataclass
class Profile:
    """All instructions, those of each function itself, calls into each, and costs of calls."""

    instructions: int
    own: dict[str, float]
    calls: dict[str, float]
    #: With what was called from there: of each pair of caller and callee.
    edges: dict[tuple[str, str], float]

    def called(self, names: set[str]) -> int:
        return sum(self.calls.get(name, 0) for name in names)

    def inside(self, names: set[str], caller: str) -> float:
        """Instructions of functions, with all that they call, where a caller's name holds this."""
        return sum(cost for (a, b), cost in self.edges.items() if b in names and caller in a)


def plain_name(text: str) -> str:
    """A function's name without callgrind's mark of recursion and the version of a symbol."""
    return text.partition("'")[0].partition("@@")[0]


def read(path: pathlib.Path) -> Profile:
    """Reads a file written with --compress-strings=no --compress-pos=no."""
    own: dict[str, int] = collections.Counter()
    calls: dict[str, int] = collections.Counter()
    edges: dict[tuple[str, str], int] = collections.Counter()
    function = callee = ""
    total, is_call = 0, False
    with path.open(errors="replace") as lines:
        for line in lines:
            if line[0].isdigit():
                cost = int(line.split()[1])
                if is_call:
                    edges[function, callee] += cost
                else:
                    own[function] += cost
                is_call = False
            elif line.startswith("fn="):
                function = plain_name(line[3:].rstrip())
            elif line.startswith("cfn="):
                callee = plain_name(line[4:].rstrip())
            elif line.startswith("calls="):
                calls[callee] += int(line[6:].split()[0])
                is_call = True
            elif line.startswith("summary:"):
                total += int(line.split()[1])
    if total == 0:
        raise RuntimeError(f"{path} holds no counts")
    return Profile(total, dict(own), dict(calls), dict(edges))


def difference(more: Profile, less: Profile, requests: int) -> Profile:
    """What one request costs: both runs began alike and differ in so many requests."""

    def each(a: dict, b: dict) -> dict:
        return {name: (a.get(name, 0) - b.get(name, 0)) / requests for name in {*a, *b}}

    return Profile(
        (more.instructions - less.instructions) / requests, each(more.own, less.own),
        each(more.calls, less.calls), each(more.edges, less.edges))
