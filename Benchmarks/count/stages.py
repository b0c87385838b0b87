"""The cost of each stage of a request, from the functions that belong to it.

A function's own instructions count for its stage; what the Swift runtime, the C library and
generic code of the standard library cost counts for the stage that called them.
"""

import re
import subprocess

from callgrind import Profile

#: Stage and what the demangled names of its functions look like; the first that matches.
STAGES = [
    ("route", r"GatehouseProxy\.(RouteTable|PathIndex|Route\b|.*Condition)|PathForm"),
    ("policies", r"GatehousePluginHost\.|GatehousePluginKit\.|CorsLogic\.|CorsExport\.|"
                 r"McpAuthentication\w*\.|GatehouseJOSE\.|^gh_|^gatehouse_|^0x"),
    ("rewrite", r"Forwarding|\bwrite\(_:|RawSink|ByteSink|EditList|ChunkedEncoder|LocalResponse|"
                r"HTTPDate"),
    ("parse", r"GatehouseHTTP\."),
    ("exchange", r"GatehouseProxy\.|GatehouseRuntime\."),
    ("NIO: write", r"NIO.*([wW]rit(e|able)|[fF]lush|PendingStream)"),
    ("NIO: read", r"NIO.*([rR]ead|RecvBuffer|RecvAllocator)"),
    ("NIO: loop and channel", r"NIO"),
]
REST = "runtime"


def demangled(names: list[str]) -> dict[str, str]:
    out = subprocess.run(["swift", "demangle", "--compact"], input="\n".join(names), text=True,
                         capture_output=True, check=True).stdout.splitlines()
    return dict(zip(names, out, strict=True))


def stage_of(name: str) -> str:
    # What a generic function was specialised for says to whom it belongs.
    for stage, pattern in STAGES:
        if re.search(pattern, name):
            return stage
    return REST


def costs(profile: Profile) -> dict[str, float]:
    """Instructions a request of each stage."""
    names = sorted({*profile.own, *(n for edge in profile.edges for n in edge)} - {""})
    stage = {mangled: stage_of(name) for mangled, name in demangled(names).items()}
    found = {name: 0.0 for name, _ in STAGES} | {REST: 0.0}
    for function, own in profile.own.items():
        if stage.get(function, REST) != REST:
            found[stage[function]] += own
    for (caller, callee), cost in profile.edges.items():
        if stage.get(callee, REST) == REST and stage.get(caller, REST) != REST:
            found[stage[caller]] += cost
    found[REST] = profile.instructions - sum(found.values())
    return found


def top(case: str, profile: Profile, count: int) -> None:
    """The functions with the most instructions of their own, and how often each is called."""
    print(f"\n## {case}: instructions of functions themselves, calls a request\n")
    rows = sorted(profile.own.items(), key=lambda row: -row[1])[:count]
    names = demangled([name for name, _ in rows])
    for name, own in rows:
        print(f"{own:9.0f} {profile.calls.get(name, 0):8.2f}x  {names[name][:150]}")


def report(profiles: dict[str, Profile]) -> dict[str, dict[str, float]]:
    """Prints and returns instructions a request of each stage, by case."""
    rows = {case: costs(profile) for case, profile in profiles.items()}
    print("\n## stages: instructions a request\n")
    print(f"{'stage':24}" + "".join(f"{case:>16}" for case in rows))
    for stage in [name for name, _ in STAGES] + [REST]:
        print(f"{stage:24}" + "".join(f"{row[stage]:16.0f}" for row in rows.values()))
    return rows
