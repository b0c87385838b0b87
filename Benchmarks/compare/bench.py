"""What every scenario gets: the options, a folder, the keys, the tools, and where figures go."""

import argparse
import contextlib
import dataclasses
import pathlib
from collections.abc import Iterator

from figures import Figure
from peers import Envoy, Gatehouse, HAProxy, Nginx, Peer, Upstream
from processes import Tools
from tokens import Keys


@dataclasses.dataclass
class Bench:
    args: argparse.Namespace
    folder: pathlib.Path
    keys: Keys
    tools: Tools
    figures: list[Figure] = dataclasses.field(default_factory=list)
    #: What each scenario printed: a row for each peer.
    tables: dict[str, list[dict]] = dataclasses.field(default_factory=dict)
    _peers: int = 0

    def add(self, scenario: str, name: str, value: float, unit: str = "",
            bound: float | None = None, tolerance: float | None = None,
            fallback: float | None = None) -> None:
        figure = Figure(scenario, name, value, unit, bound, fallback=fallback)
        if tolerance is not None:
            figure.tolerance = tolerance
        self.figures.append(figure)

    def row(self, scenario: str, **cells: str | float) -> None:
        """One row of a scenario's table, for the documents."""
        self.tables.setdefault(scenario, []).append(
            {key: cell if isinstance(cell, str) else round(cell, 3) for key, cell in cells.items()})

    def _folder(self) -> pathlib.Path:
        self._peers += 1
        return self.folder / f"peer-{self._peers}"

    def gatehouse(self, auth: bool, threads: int = 1, streams: int = 0) -> Gatehouse:
        name = "gatehouse" if threads == 1 else f"gatehouse, {threads} workers"
        return Gatehouse(name, self._folder(), self.args.dist, auth, threads, streams)

    def nginx(self, streams: int = 0) -> Nginx:
        return Nginx("nginx", self._folder(), streams)

    def haproxy(self, auth: bool) -> HAProxy:
        return HAProxy("haproxy jwt_verify" if auth else "haproxy", self._folder(), auth)

    def envoy(self, auth: bool) -> list[Envoy]:
        if not self.args.envoy:
            return []
        name = "envoy jwt_authn cache" if auth else "envoy"
        return [Envoy(name, self._folder(), self.args.envoy, auth, auth)]

    @contextlib.contextmanager
    def upstream(self) -> Iterator[Upstream]:
        """The origin, running."""
        peer = Upstream("upstream", self._folder())
        try:
            peer.start()
            yield peer
        finally:
            peer.stop()

    @contextlib.contextmanager
    def running(self, peers: list[Peer], upstream: int) -> Iterator[None]:
        """The peers, running; stopped whatever happens."""
        try:
            for peer in peers:
                peer.start(upstream, self.keys)
            yield
        finally:
            for peer in peers:
                peer.stop()
