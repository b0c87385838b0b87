"""The proxies that are compared: how each is configured, started with one worker, and stopped."""

import os
import pathlib
import subprocess

from processes import Running, end_with_parent, free_port, stop, wait_for
from tokens import AUDIENCE, ISSUER, Keys


class Peer(Running):
    """One proxy process. `name` is the row of the report, `kind` what it does with tokens."""

    def __init__(self, name: str, folder: pathlib.Path):
        self.name, self.folder, self.port = name, folder, free_port()
        self.process: subprocess.Popen | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def launch(self, command: list[str], env: dict | None = None, waits: bool = True) -> None:
        with open(self.folder / "log.txt", "wb") as log:
            self.process = subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=log, stdin=subprocess.DEVNULL,
                env={**os.environ, **(env or {})}, preexec_fn=end_with_parent)
        if waits:
            wait_for(self.port, self.process, self.name)

    def stop(self) -> None:
        if self.process is not None:
            stop(self.process)
            self.process = None


NGINX_HEAD = """daemon off; worker_rlimit_nofile 20000; worker_processes 1; pid {dir}/nginx.pid; error_log {dir}/error.log crit;
events {{ worker_connections {connections}; }}
http {{ access_log off; keepalive_requests 100000000; keepalive_timeout 600s;
client_body_temp_path {dir}/b; proxy_temp_path {dir}/p; fastcgi_temp_path {dir}/f;
uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
"""


class Upstream(Peer):
    """The origin behind every proxy: nginx with one worker and a small JSON answer."""

    connections = 4096

    def start(self) -> None:
        config = NGINX_HEAD.format(dir=self.folder, connections=self.connections) + (
            f"server {{ listen 127.0.0.1:{self.port} reuseport backlog=4096; location / {{ "
            "default_type application/json; "
            """return 200 '{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}'; } } }\n""")
        (self.folder / "nginx.conf").write_text(config)
        self.launch(["nginx", "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")])


class Nginx(Peer):
    """nginx as a plain reverse proxy with upstream keep-alive; `streams`: for event streams, with
    room for so many."""

    def __init__(self, name: str, folder: pathlib.Path, streams: int = 0):
        super().__init__(name, folder)
        # An eighth more than both sides need: nginx closes waiting clients when a sixteenth is left.
        self.connections = 2 * streams * 9 // 8 + 256 if streams else 4096
        self.buffering = "proxy_buffering off; " if streams else ""

    def start(self, upstream: int, keys: Keys) -> None:
        config = NGINX_HEAD.format(dir=self.folder, connections=self.connections) + (
            f"upstream u {{ server 127.0.0.1:{upstream}; keepalive 256; "
            "keepalive_requests 100000000; }\n"
            f"server {{ listen 127.0.0.1:{self.port} backlog=4096; location / {{ "
            f"{self.buffering}proxy_pass http://u; proxy_http_version 1.1; proxy_set_header Connection \"\"; "
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
    circuit_breakers: {{thresholds: [{{max_connections: 20000, max_requests: 20000, max_pending_requests: 20000}}]}}
    load_assignment:
      cluster_name: u
      endpoints: [{{lb_endpoints: [{{endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {upstream}}}}}}}}}]}}]
""")
        self.launch([self.binary, "-c", str(self.folder / "envoy.yaml"), "--concurrency", "1",
                     "--disable-hot-restart", "-l", "error"])



class Gatehouse(Peer):
    """The gateway; `auth` adds the cors and mcpAuthentication plugins; `streams`: room for so many
    at a time."""

    def __init__(self, name: str, folder: pathlib.Path, dist: pathlib.Path, auth: bool,
                 threads: int = 1, streams: int = 0):
        super().__init__(name, folder)
        self.dist, self.auth, self.threads, self.streams = dist, auth, threads, streams

    def start(self, upstream: int, keys: Keys, waits: bool = True) -> None:
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
        limits = f"limits:\n  maxUpstreamConnections: {self.streams}\n" if self.streams else ""
        (self.folder / "config.yaml").write_text(f"""accessLog: off
{limits}binds:
- port: {self.port}
  address: 127.0.0.1
  listeners:
  - routes:
    - name: bench{policies}
      backends:
      - host: 127.0.0.1:{upstream}
""")
        self.launch([str(self.dist / "bin/gatehouse"), "run", "-f",
                     str(self.folder / "config.yaml"), "--threads", str(self.threads)],
                    waits=waits)
