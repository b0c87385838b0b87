"""CPU a request under a closed loop of 64 connections: plain, one token, 2,000 tokens."""

from bench import Bench
from figures import median, ratio
from load import Sample, round_of, script

#: Scenario: how many tokens, and the peers with the greatest ratio to each.
SCENARIOS = {
    "plain": (0, {"nginx": 1.00, "envoy": 0.45}),
    "one token": (1, {"nginx": 1.15, "haproxy jwt_verify": 0.45, "envoy jwt_authn cache": 0.45}),
    "2000 tokens": (
        2000, {"nginx": 1.15, "haproxy jwt_verify": 0.45, "envoy jwt_authn cache": 0.45}),
}


def run(bench: Bench, scenario: str) -> None:
    """nginx is plain in every scenario: it forwards the token unread."""
    count, bounds = SCENARIOS[scenario]
    auth = count > 0
    lua = script(bench.folder, [bench.keys.token(f"user-{n}") for n in range(count)])
    peers = [bench.gatehouse(auth), bench.nginx(), bench.haproxy(auth), *bench.envoy(auth)]
    samples: dict[str, list[Sample]] = {peer.name: [] for peer in peers}
    with bench.upstream() as upstream, bench.running(peers, upstream.port):
        for peer in peers:
            round_of(peer, lua, 1, bench.args.connections)
        for _ in range(bench.args.rounds):
            for peer in peers:
                samples[peer.name].append(
                    round_of(peer, lua, bench.args.seconds, bench.args.connections))
    _report(bench, scenario, samples)
    ours = [row.cpu_us for row in samples["gatehouse"]]
    bench.add(scenario, "CPU a request", median(ours), "us")
    for peer, bound in bounds.items():
        if peer in samples:
            theirs = [row.cpu_us for row in samples[peer]]
            bench.add(scenario, f"CPU a request / {peer}", ratio(ours, theirs), "x", bound)


def _report(bench: Bench, scenario: str, samples: dict[str, list[Sample]]) -> None:
    ours = [row.cpu_us for row in samples["gatehouse"]]
    print(f"\n## {scenario}\n")
    print(f"{'peer':24}{'cpu us/req':>12}{'req/s':>10}{'p99 ms':>9}{'RSS MiB':>9}{'ours/peer':>11}")
    for name, rows in samples.items():
        cpu = [row.cpu_us for row in rows]
        bench.row(scenario, peer=name, cpu_us=median(cpu), ratio=ratio(ours, cpu),
                  requests=median([r.rps for r in rows]), p99_ms=median([r.p99_ms for r in rows]),
                  rss_mib=median([r.rss_kib for r in rows]) / 1024)
        print(f"{name:24}{median(cpu):12.2f}{median([r.rps for r in rows]):10.0f}"
              f"{median([r.p99_ms for r in rows]):9.2f}"
              f"{median([r.rss_kib for r in rows]) / 1024:9.1f}{ratio(ours, cpu):11.2f}",
              flush=True)
