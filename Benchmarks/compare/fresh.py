"""A token never seen before: what it costs more than one that is known, and libcrypto's part."""

import concurrent.futures

from bench import Bench
from figures import median
from load import counted, messages
from processes import end_with_parent
from tokens import Keys

ALGORITHMS = ["RS256", "ES256", "EdDSA"]
#: Requests of a round, each with a token of its own.
REQUESTS = 1500
#: Rounds for each of the bench's: a difference of three times needs more of them than a ratio.
ROUNDS_EACH = 2
#: Seconds of libcrypto alone, before and after each round: the machine's speed drifts within one.
VERIFY_SECONDS = 0.12
#: What may come on top of libcrypto's verification, microseconds.
ALLOWANCE_US = 25.0

_keys: Keys | None = None


def _adopt(keys: Keys) -> None:
    global _keys
    end_with_parent()
    _keys = keys


def _mint(algorithm: str, start: int, count: int) -> list[str]:
    return [_keys.token(f"never-seen-{n}", algorithm) for n in range(start, start + count)]


def run(bench: Bench) -> None:
    gateway = bench.gatehouse(True)
    connections, rounds = bench.args.connections, ROUNDS_EACH * bench.args.rounds
    libcrypto: dict[str, list[float]] = {name: [] for name in ALGORITHMS}
    known: dict[str, list[float]] = {name: [] for name in ALGORITHMS}
    fresh: dict[str, list[float]] = {name: [] for name in ALGORITHMS}
    with (concurrent.futures.ProcessPoolExecutor(
            2, initializer=_adopt, initargs=(bench.keys,)) as pool,
          bench.upstream() as upstream, bench.running([gateway], upstream.port)):
        minted = {(name, part): pool.submit(_mint, name, part * REQUESTS, REQUESTS)
                  for part in range(rounds) for name in ALGORITHMS}
        # All of them before the first round: signing must not disturb what is measured.
        files = {(name, part): messages(bench.folder / f"fresh-{name}-{part}", job.result())
                 for (name, part), job in minted.items()}
        same = {name: messages(bench.folder / f"known-{name}", [bench.keys.token("known", name)])
                for name in ALGORITHMS}
        for name in ALGORITHMS:
            counted(bench.tools, gateway, same[name], REQUESTS, connections)
        for part in range(rounds):
            for name in ALGORITHMS:
                known[name].append(
                    counted(bench.tools, gateway, same[name], 4 * REQUESTS, connections)[0])
                before = bench.tools.verify(VERIFY_SECONDS, name)
                fresh[name].append(
                    counted(bench.tools, gateway, files[name, part], REQUESTS, connections)[0])
                after = bench.tools.verify(VERIFY_SECONDS, name)
                libcrypto[name].append((before + after) / 2)
    _report(bench, libcrypto, known, fresh)


def _report(bench: Bench, libcrypto: dict, known: dict, fresh: dict) -> None:
    print("\n## never-seen tokens: CPU us a request\n")
    print(f"{'algorithm':12}{'libcrypto':>11}{'known':>9}{'new':>9}{'new - known':>13}{'ours':>8}")
    for name in ALGORITHMS:
        more = [a - b for a, b in zip(fresh[name], known[name], strict=True)]
        ours = [a - b for a, b in zip(more, libcrypto[name], strict=True)]
        print(f"{name:12}{median(libcrypto[name]):11.2f}{median(known[name]):9.2f}"
              f"{median(fresh[name]):9.2f}{median(more):13.2f}{median(ours):8.2f}", flush=True)
        bench.row("new tokens", peer=name, libcrypto_us=median(libcrypto[name]),
                  known_us=median(known[name]), new_us=median(fresh[name]), ours_us=median(ours))
        bench.add("new tokens", f"{name}: CPU over a known one's and libcrypto's", median(ours),
                  "us", ALLOWANCE_US)
