"""F01, F02, F19: upstreams that take no connection."""

import contextlib
import socket
import threading

from support.processes import free_port

from faults.origin import Origin
from faults.scene import scene


def test_f01_connection_refused(tmp_path):
    """502 at once, for a POST as well; the other routes do not notice."""
    with scene(tmp_path, port=free_port()) as here:

        def fault():
            for method in ("GET", "POST"):
                reply = here.ask(method=method, body=b"" if method == "POST" else None)
                assert reply.status == 502 and reply.seconds < 0.4, (reply.raw, reply.seconds)

        here.prove(fault)
        assert here.record(status=502)["outcome"] == "upstreamFailed"


def several(path, *ports):
    backends = [{"host": f"127.0.0.1:{port}"} for port in ports]
    return {"matches": [{"path": {"pathPrefix": path}}], "backends": backends}


def test_f01_another_endpoint_takes_over(tmp_path):
    """Nothing was sent, so even a POST goes on to another endpoint; the one that refuses is left
    out after a few."""
    other = Origin()
    with scene(tmp_path, routes=[several("/both", free_port(), other.port)]) as here:

        def fault():
            for number in range(30):
                body = b"x" if number % 2 else None
                reply = here.ask("/both", "POST" if body else "GET", body=body)
                assert reply.status == 200, reply.raw

        here.prove(fault)
        assert here.metric("gatehouse_upstream_ejections_total") >= 1
        assert here.metric("gatehouse_upstream_connect_failures_total") <= 12
        assert here.metric("gatehouse_upstream_retries_total") == 0
        assert here.metric("gatehouse_upstream_failovers_total") >= 1
        assert here.metric("gatehouse_upstream_retries_denied_total") == 0
    other.stop()


def test_f19_half_of_the_endpoints_flap(tmp_path):
    """Two refuse, two serve: every request is answered, and the tries do not multiply. Two that
    close each connection without an answer: no request is sent more often than it is safe."""
    good = [Origin(), Origin()]
    routes = [several("/refusing", free_port(), good[0].port, free_port(), good[1].port)]

    def close(peer):
        peer.head()

    bad = [Origin(close), Origin(close)]
    routes.append(several("/closing", bad[0].port, good[0].port, bad[1].port, good[1].port))
    with scene(tmp_path, routes=routes) as here:

        def refusing():
            before = sum(len(one.heads) for one in good)
            for _ in range(200):
                assert here.ask("/refusing").status == 200
            assert sum(len(one.heads) for one in good) == before + 200

        def closing():
            before = sum(len(one.heads) for one in good + bad)
            statuses = [here.ask("/closing", "POST", b"x").status for _ in range(100)]
            assert set(statuses) <= {200, 502} and statuses.count(200) >= 40, statuses
            assert sum(len(one.heads) for one in good + bad) == before + 100
            statuses = [here.ask("/closing").status for _ in range(100)]
            assert set(statuses) <= {200, 502} and statuses.count(200) >= 40, statuses
            # The budget of retries: a quarter more at the most.
            assert sum(len(one.heads) for one in good + bad) <= before + 225

        here.prove(lambda: (refusing(), closing()))
        failures = here.metric("gatehouse_upstream_connect_failures_total")
        assert failures <= 30, failures
    for one in good + bad:
        one.stop()


@contextlib.contextmanager
def black_hole():
    """A port whose SYNs are dropped: its accept queue is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def test_f02_syn_black_hole(tmp_path):
    """504 after the time for connecting, not after the kernel's 127 s; what waits is bounded."""
    with (
        black_hole() as port,
        scene(tmp_path, port=port, limits={"maxUpstreamConnections": 4}) as here,
    ):

        def fault():
            replies = []
            threads = [
                threading.Thread(target=lambda: replies.append(here.ask())) for _ in range(8)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(20)
            statuses = sorted(reply.status for reply in replies)
            assert statuses == [503] * 4 + [504] * 4, statuses
            for reply in replies:
                if reply.status == 504:
                    assert 0.4 < reply.seconds < 2.5, reply.seconds
                else:
                    assert reply.has("retry-after")

        at_first = here.settled()
        here.prove(fault)
        # An attempt that is given up is closed: it does not go on behind the gateway's back.
        fault()
        here.returned(at_first, 2 << 20, seconds=3)
