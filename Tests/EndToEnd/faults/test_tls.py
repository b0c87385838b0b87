"""F16, F68, F69, F80 to F82: certificates of upstreams; and what of TLS and HTTP/2 is not there."""

import contextlib
import socket
import ssl

import pytest

from faults.certificates import Authority
from faults.client import Client
from faults.origin import Origin
from faults.scene import scene


@pytest.fixture(scope="module")
def authority():
    return Authority("a test's authority")


def server_context(folder, chain, key, name="server"):
    certificate, private = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.write_bytes(chain)
    private.write_bytes(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, private)
    return context


def secure_route(origin, root=None, hostname="backend.test", **more):
    tls = {"hostname": hostname, **({"root": str(root)} if root else {}), **more}
    return {
        "matches": [{"path": {"pathPrefix": "/tls"}}],
        "backends": [{"host": f"127.0.0.1:{origin.port}", "tls": tls}],
    }


BAD = ["expired", "not yet valid", "wrong name", "untrusted", "self-signed", "100 kbit key"]


def bad_chain(authority, what):
    """The chain and the key of a server that must not be trusted."""
    names = ["elsewhere.test"] if what == "wrong name" else ["backend.test"]
    if what == "expired":
        return authority.issue(names, days=(-20, -10))
    if what == "not yet valid":
        return authority.issue(names, days=(10, 20))
    if what == "untrusted":
        return Authority("another authority").issue(names)
    if what == "self-signed":
        alone = Authority("backend.test", names=names)
        return alone.pem, alone.key_pem
    if what == "100 kbit key":
        return authority.issue_below_a_huge_key(names)
    return authority.issue(names)


@pytest.mark.parametrize("what", BAD)
def test_f16_a_certificate_that_must_not_be_trusted(tmp_path, authority, what):
    """502, nothing of the request is sent, and the handshake costs little."""
    root = tmp_path / "root.pem"
    root.write_bytes(authority.pem)
    origin = Origin(tls=server_context(tmp_path, *bad_chain(authority, what)))
    with scene(tmp_path, routes=[secure_route(origin, root)]) as here:

        def fault():
            used = here.cpu_seconds()
            for _ in range(3):
                reply = here.ask("/tls", fields=["Authorization: Bearer secret"])
                assert reply.status == 502 and reply.seconds < 3, reply.raw
            assert here.cpu_seconds() - used < 1.5
            assert not origin.heads, "a request came through"

        here.prove(fault)
        assert "untrusted" in str(here.record(status=502)).lower()
    origin.stop()


def test_f16_a_plain_server_where_tls_is_wanted(tmp_path, authority):
    """No plaintext, not even once."""
    root = tmp_path / "root.pem"
    root.write_bytes(authority.pem)
    seen = []

    def handle(peer):
        seen.append(peer.sock.recv(100))
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    origin = Origin(handle)
    with scene(tmp_path, routes=[secure_route(origin, root)]) as here:

        def fault():
            seen.clear()
            assert here.ask("/tls").status == 502
            assert seen and all(data[:2] == b"\x16\x03" for data in seen), seen

        here.prove(fault)
    origin.stop()


def test_f16_a_handshake_that_stalls(tmp_path, authority):
    """504 after the time for connecting, TLS included."""
    root = tmp_path / "root.pem"
    root.write_bytes(authority.pem)
    origin = Origin(lambda peer: peer.wait_closed(10))
    with scene(tmp_path, routes=[secure_route(origin, root)]) as here:

        def fault():
            reply = here.ask("/tls")
            assert reply.status == 504 and 0.4 < reply.seconds < 2.5, reply.raw
            origin.wait_for(lambda o: o.open == 0)

        here.prove(fault)
    origin.stop()


def test_f82_the_authorities_of_an_upstream_are_removed(tmp_path, authority):
    """What was read at the start stays; without the file there is no start."""
    root = tmp_path / "root.pem"
    root.write_bytes(authority.pem)
    origin = Origin(tls=server_context(tmp_path, *authority.issue(["backend.test"])))
    with scene(tmp_path, routes=[secure_route(origin, root)]) as here:

        def fault():
            assert here.ask("/tls").status == 200
            root.unlink(missing_ok=True)
            # The kept connection is closed by now, or will be: new handshakes verify as before.
            origin.wait_for(lambda o: o.open == 0)
            for _ in range(3):
                assert here.ask("/tls").status == 200

        here.prove(fault)
    with pytest.raises(RuntimeError, match=r"root\.pem"):
        with scene(tmp_path, routes=[secure_route(origin, root)]):
            pass
    origin.stop()


# There is no listener with TLS and none that speaks HTTP/2 yet: what F68, F69, F80 and F81 inject
# does not apply. What a client of either finds instead is bounded, and said.

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"


def refused(here, data, statuses):
    """The connection is closed behind at most a short answer; nothing reaches an upstream."""
    before = len(here.origin.heads)
    with Client(here.port) as client:
        with contextlib.suppress(ConnectionError):
            client.send(data)
        reply = client.reply()
        assert reply.status in statuses, (reply.status, reply.raw)
        assert len(reply.raw) < 500
        if reply.ending == "open":
            assert client.ending(5) in ("fin", "rst")
    assert len(here.origin.heads) == before


def test_f68_does_not_apply_without_http2(tmp_path):
    """The preface is refused with a 4xx or 505 of HTTP/1.1, as is h2c, whatever floods behind."""
    with scene(tmp_path) as here:

        def fault():
            floods = {
                "rapid reset": (b"\x00\x00\x04\x03\x00\x00\x00\x00\x01\x00\x00\x00\x08") * 5000,
                "settings": SETTINGS * 10_000,
                "continuation": b"\x00\x40\x00\x09\x00\x00\x00\x00\x01" + bytes(16384),
                "ping": b"\x00\x00\x08\x06\x00\x00\x00\x00\x00" + bytes(8),
            }
            for flood in floods.values():
                refused(here, PREFACE + SETTINGS + flood, {400, 501, 505, 0})
            # An upgrade to h2c is not taken up: the answer is one of HTTP/1.1.
            reply = here.ask(
                fields=["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AA"]
            )
            assert reply.status in (200, 400), reply.raw
            assert not any(b"h2c" in head for head in here.origin.heads)

        here.prove(fault)


def client_hello(name="gw.test"):
    outgoing = ssl.MemoryBIO()
    context = ssl.create_default_context()
    made = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    with contextlib.suppress(ssl.SSLWantReadError):
        made.do_handshake()
    return outgoing.read()


def test_f69_does_not_apply_without_tls_listeners(tmp_path):
    """A ClientHello to a plain port is refused at once, a stalled or dripping one when the time for
    a head is over; any rubbish behind it the same."""
    with scene(tmp_path) as here:

        def fault():
            hello = client_hello()
            refused(here, hello, {400, 0})
            refused(here, client_hello("x" * 60 + ".test"), {400, 0})
            refused(here, b"\x16\x03\x01\xff\xff" + bytes(65535), {400, 0})
            refused(here, hello[:1], {400, 408, 0})
            context = ssl.create_default_context()
            with socket.create_connection(("127.0.0.1", here.port), 10) as sock:
                with pytest.raises((ssl.SSLError, ConnectionError)):
                    context.wrap_socket(sock, server_hostname="gw.test")

        here.prove(fault)


def test_f80_does_not_apply_without_tls_listeners(tmp_path):
    """A listener cannot be given a certificate, so there is none to rotate: the configuration says
    so instead of listening in plain text."""
    check_tls_is_refused(tmp_path, {"tls": {"cert": "server.pem", "key": "server.key"}})
    check_tls_is_refused(tmp_path, {"protocol": "HTTPS"})


def test_f81_does_not_apply_without_tls_listeners(tmp_path, authority):
    """The same for the files of a client certificate towards an upstream, which there is: a pair
    that does not match, is cut short or may be read by everybody stops the start."""
    chain, key = authority.issue(["client.test"])
    _, other = authority.issue(["other.test"])
    origin = Origin()
    for name, pair in {
        "mismatch": (chain, other),
        "cut": (chain[: len(chain) // 2], key),
        "no key": (chain, key[: len(key) // 2]),
        "swapped": (key, chain),
    }.items():
        certificate, private = tmp_path / "c.pem", tmp_path / "c.key"
        certificate.write_bytes(pair[0])
        private.write_bytes(pair[1])
        private.chmod(0o600)
        more = {"cert": str(certificate), "key": str(private)}
        with pytest.raises(RuntimeError, match=r"c\.(pem|key)"):
            with scene(tmp_path, routes=[secure_route(origin, **more)]):
                pytest.fail(name)
    private.write_bytes(key)
    certificate.write_bytes(chain)
    private.chmod(0o644)
    with pytest.raises(RuntimeError, match=r"c\.key"):
        with scene(tmp_path, routes=[secure_route(origin, **more)]):
            pytest.fail("a key that everybody may read")
    origin.stop()


def check_tls_is_refused(folder, listener):
    import yaml
    from support.gateway import environment
    from support.places import GATEHOUSE, PLUGINS
    from support.processes import run

    routes = [{"backends": [{"host": "127.0.0.1:9"}]}]
    path = folder / "c.yaml"
    path.write_text(
        yaml.safe_dump({"binds": [{"port": 1, "listeners": [{"routes": routes, **listener}]}]})
    )
    command = [GATEHOUSE, "run", "-f", path, "--plugin-dir", PLUGINS]
    result = run(command, env=environment())
    assert result.returncode == 1 and f"{path}:" in result.stderr, result
