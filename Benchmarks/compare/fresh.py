"""A token never seen before: what it costs more than one that is known, and libcrypto's part."""

import concurrent.futures
import contextlib
import dataclasses
import pathlib
import statistics

from bench import Bench
from figures import median
from load import counted, messages
from processes import end_with_parent
from tokens import Keys

ALGORITHMS = ["RS256", "ES256", "EdDSA"]
#: Requests of a slice, each with a token of its own; as many with a known one beside them, so that
#: what the 64 connections of a slice cost is in both.
REQUESTS = 800
#: Rounds for each of the bench's: a difference of three times needs more of them than a ratio, and
#: many short ones more than few long ones, because the machine's speed drifts.
ROUNDS_EACH = 6
#: Seconds of libcrypto alone, before and after each round.
VERIFY_SECONDS = 0.05
#: What may come on top of libcrypto's verification, microseconds.
ALLOWANCE_US = 25.0

@dataclasses.dataclass
class Round:
    """Microseconds of CPU: of a verification, of a request with a known token and with a new."""

    libcrypto: float
    known: float
    fresh: float

    @property
    def ours(self) -> float:
        return self.fresh - self.known - self.libcrypto


_keys: Keys | None = None


def _adopt(keys: Keys) -> None:
    global _keys
    end_with_parent()
    _keys = keys


def _mint(algorithm: str, start: int, count: int) -> list[str]:
    return [_keys.token(f"never-seen-{n}", algorithm) for n in range(start, start + count)]


def run(bench: Bench) -> None:
    gateway = bench.gatehouse(True)
    rounds = ROUNDS_EACH * bench.args.rounds
    found: dict[str, list[Round]] = {name: [] for name in ALGORITHMS}
    with (concurrent.futures.ProcessPoolExecutor(
            2, initializer=_adopt, initargs=(bench.keys,)) as pool,
          contextlib.ExitStack() as started,
          bench.upstream() as upstream, bench.running([gateway], upstream.port)):
        minted = {(name, part): pool.submit(_mint, name, part * REQUESTS, REQUESTS)
                  for part in range(rounds) for name in ALGORITHMS}
        # All of them before the first round: signing must not disturb what is measured.
        files = {(name, part): messages(bench.folder / f"fresh-{name}-{part}", job.result())
                 for (name, part), job in minted.items()}
        same = {name: messages(bench.folder / f"known-{name}", [bench.keys.token("known", name)])
                for name in ALGORITHMS}
        verify = {name: started.enter_context(bench.tools.verifier(name)) for name in ALGORITHMS}

        def slice(file: pathlib.Path) -> float:
            return counted(bench.tools, gateway, file, REQUESTS, bench.args.connections)[0]

        for name in ALGORITHMS:
            slice(same[name])
            verify[name](VERIFY_SECONDS)
        for part in range(rounds):
            for name in ALGORITHMS:
                # The new tokens between two slices of each of the others: a drift cancels out.
                known, libcrypto = [slice(same[name])], [verify[name](VERIFY_SECONDS)]
                fresh = slice(files[name, part])
                libcrypto.append(verify[name](VERIFY_SECONDS))
                known.append(slice(same[name]))
                found[name].append(Round(sum(libcrypto) / 2, sum(known) / 2, fresh))
    _report(bench, found)


def _report(bench: Bench, found: dict[str, list[Round]]) -> None:
    print("\n## never-seen tokens: CPU us a request, medians; the quartiles of what is ours\n")
    print(f"{'algorithm':12}{'libcrypto':>11}{'known':>9}{'new':>9}{'ours':>8}{'quartiles':>18}")
    for name, rounds in found.items():
        libcrypto, known, fresh = (
            median([getattr(r, what) for r in rounds]) for what in ("libcrypto", "known", "fresh"))
        low, ours, high = statistics.quantiles([r.ours for r in rounds], n=4)
        print(f"{name:12}{libcrypto:11.2f}{known:9.2f}{fresh:9.2f}{ours:8.2f}"
              f"{low:9.2f}{high:9.2f}", flush=True)
        bench.row("new tokens", peer=name, libcrypto_us=libcrypto, known_us=known, new_us=fresh,
                  ours_us=ours, low_us=low, high_us=high)
        bench.add("new tokens", f"{name}: CPU over a known one's and libcrypto's", ours, "us",
                  ALLOWANCE_US)
