"""The proxies that are compared: how each is configured, started with one worker, and stopped."""

import os
import pathlib
import socket
import subprocess
import time

from tokens import AUDIENCE, ISSUER, Keys


def free_port() -> int:
    """A port that was free a moment ago, chosen by the kernel."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port: int, process: subprocess.Popen, name: str, seconds: float = 10.0) -> None:
    """Returns when the port accepts; raises when the process ended or the time is up."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"{name} ended with status {process.returncode}; see its log")
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"{name} did not open port {port} within {seconds} s")


class Peer:
    """One proxy process. `name` is the row of the report, `kind` what it does with tokens."""

    def __init__(self, name: str, folder: pathlib.Path):
        self.name, self.folder, self.port = name, folder, free_port()
        self.process: subprocess.Popen | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def launch(self, command: list[str], env: dict | None = None) -> None:
        log = open(self.folder / "log.txt", "wb")
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=log, stdin=subprocess.DEVNULL,
            env={**os.environ, **(env or {})})
        wait_for(self.port, self.process, self.name)

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def pids(self) -> list[int]:
        """The process and its children: nginx and HAProxy work in a child."""
        if self.process is None:
            return []
        found = [self.process.pid]
        for pid in found:
            path = pathlib.Path(f"/proc/{pid}/task/{pid}/children")
            found += [int(child) for child in path.read_text().split()]
        return found

    def cpu_seconds(self) -> float:
        """User and system time of all its processes since their start."""
        ticks = 0
        for pid in self.pids():
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def rss_kib(self) -> int:
        """Resident memory of all its processes, in KiB."""
        total = 0
        for pid in self.pids():
            for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1])
        return total


NGINX_HEAD = """daemon off; worker_processes 1; pid {dir}/nginx.pid; error_log {dir}/error.log crit;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 100000000; keepalive_timeout 600s;
client_body_temp_path {dir}/b; proxy_temp_path {dir}/p; fastcgi_temp_path {dir}/f;
uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
"""


class Upstream(Peer):
    """The origin behind every proxy: nginx with one worker and a small JSON answer."""

    def start(self) -> None:
        config = NGINX_HEAD.format(dir=self.folder) + (
            f"server {{ listen 127.0.0.1:{self.port} reuseport backlog=4096; location / {{ "
            "default_type application/json; "
            """return 200 '{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}'; } } }\n""")
        (self.folder / "nginx.conf").write_text(config)
        self.launch(["nginx", "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")])


class Nginx(Peer):
    """nginx as a plain reverse proxy with upstream keep-alive."""

    def start(self, upstream: int, keys: Keys) -> None:
        config = NGINX_HEAD.format(dir=self.folder) + (
            f"upstream u {{ server 127.0.0.1:{upstream}; keepalive 256; "
            "keepalive_requests 100000000; }\n"
            f"server {{ listen 127.0.0.1:{self.port} backlog=4096; location / {{ "
            "proxy_pass http://u; proxy_http_version 1.1; proxy_set_header Connection \"\"; "
            "proxy_set_header X-Forwarded-For $remote_addr; "
            "proxy_set_header X-Forwarded-Proto $scheme; } } }\n")
        (self.folder / "nginx.conf").write_text(config)
        self.launch(["nginx", "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")])


class HAProxy(Peer):
    """HAProxy with one thread; with `auth`, jwt_verify and the issuer, audience and time checks."""

    def __init__(self, name: str, folder: pathlib.Path, auth: bool):
        super().__init__(name, folder)
        self.auth = auth

    def start(self, upstream: int, keys: Keys) -> None:
        (self.folder / "key.pem").write_text(keys.pem)
        rules = f"""
  http-request deny deny_status 401 unless {{ req.hdr(authorization) -m found }}
  http-request set-var(txn.token) http_auth_bearer
  http-request set-var(txn.alg) http_auth_bearer,jwt_header_query('$.alg')
  http-request set-var(txn.exp) http_auth_bearer,jwt_payload_query('$.exp','int')
  http-request set-var(txn.now) date()
  http-request deny deny_status 401 unless {{ var(txn.alg) -m str RS256 }}
  http-request deny deny_status 401 unless {{ http_auth_bearer,jwt_payload_query('$.iss') -m str {ISSUER} }}
  http-request deny deny_status 401 unless {{ http_auth_bearer,jwt_payload_query('$.aud') -m str {AUDIENCE} }}
  http-request deny deny_status 401 if {{ var(txn.exp),sub(txn.now) -m int lt 0 }}
  http-request deny deny_status 401 unless {{ http_auth_bearer,jwt_verify(txn.alg,"{self.folder}/key.pem") 1 }}
  http-request del-header authorization""" if self.auth else ""
        (self.folder / "haproxy.cfg").write_text(f"""global
  nbthread 1
  maxconn 8192
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
  option forwardfor
frontend f
  bind 127.0.0.1:{self.port}{rules}
  default_backend b
backend b
  server s 127.0.0.1:{upstream} pool-max-conn 256
""")
        self.launch(["haproxy", "-db", "-f", str(self.folder / "haproxy.cfg")])


class Envoy(Peer):
    """Envoy with one worker; `auth` adds jwt_authn, `cache` its token cache."""

    def __init__(self, name: str, folder: pathlib.Path, binary: str, auth: bool, cache: bool):
        super().__init__(name, folder)
        self.binary, self.auth, self.cache = binary, auth, cache

    def start(self, upstream: int, keys: Keys) -> None:
        cache = "\n                  jwt_cache_config: {jwt_cache_size: 10000}" if self.cache else ""
        jwt = f"""
          - name: envoy.filters.http.jwt_authn
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication
              providers:
                as:
                  issuer: {ISSUER}
                  audiences: ["{AUDIENCE}"]{cache}
                  local_jwks: {{inline_string: '{keys.jwks}'}}
              rules: [{{match: {{prefix: "/"}}, requires: {{provider_name: as}}}}]""" if self.auth else ""
        (self.folder / "envoy.yaml").write_text(f"""static_resources:
  listeners:
  - address: {{socket_address: {{address: 127.0.0.1, port_value: {self.port}}}}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: b
          generate_request_id: false
          http_filters:{jwt}
          - name: envoy.filters.http.router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes: [{{match: {{prefix: "/"}}, route: {{cluster: u}}}}]
  clusters:
  - name: u
    type: STATIC
    connect_timeout: 5s
    load_assignment:
      cluster_name: u
      endpoints: [{{lb_endpoints: [{{endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {upstream}}}}}}}}}]}}]
""")
        self.launch([self.binary, "-c", str(self.folder / "envoy.yaml"), "--concurrency", "1",
                     "--disable-hot-restart", "-l", "error"])


class Gatehouse(Peer):
    """The gateway with one worker; `auth` adds the cors and mcpAuthentication plugins."""

    def __init__(self, name: str, folder: pathlib.Path, dist: pathlib.Path, auth: bool):
        super().__init__(name, folder)
        self.dist, self.auth = dist, auth

    def start(self, upstream: int, keys: Keys) -> None:
        (self.folder / "jwks.json").write_text(keys.jwks)
        policies = f"""
      policies:
        cors:
          allowOrigins: ["*"]
          allowHeaders: [mcp-protocol-version, content-type, authorization]
          exposeHeaders: [Mcp-Session-Id]
        mcpAuthentication:
          mode: strict
          issuer: {ISSUER}
          audiences: ["{AUDIENCE}"]
          jwks:
            file: jwks.json
          resourceMetadata:
            resource: {AUDIENCE}
            scopesSupported: [read:all]""" if self.auth else ""
        (self.folder / "config.yaml").write_text(f"""accessLog: off
binds:
- port: {self.port}
  address: 127.0.0.1
  listeners:
  - routes:
    - name: bench{policies}
      backends:
      - host: 127.0.0.1:{upstream}
""")
        self.launch([str(self.dist / "bin/gatehouse"), "run", "-f",
                     str(self.folder / "config.yaml"), "--threads", "1"])
