"""canaille (PyPI) as authorization server. It ignores `resource`: the audience of its tokens is
the client's id, so a client is registered first and the gateway is configured with that id."""

import json
import os
import subprocess
import urllib.request

from support.places import VENVS
from support.processes import Program, free_port, run

SETTINGS = """\
SECRET_KEY = "only-for-a-test-on-loopback"
SERVER_NAME = "127.0.0.1:{port}"
PREFERRED_URL_SCHEME = "http"
SESSION_COOKIE_SECURE = false
DATABASE = "sql"
[CANAILLE]
DATABASE = "sql"
[CANAILLE_SQL]
DATABASE_URI = "sqlite:///{folder}/canaille.db"
[CANAILLE_OIDC]
DYNAMIC_CLIENT_REGISTRATION_OPEN = true
REQUIRE_NONCE = false
ACTIVE_JWKS = ["{key}"]
[CANAILLE_HYPERCORN]
BIND = ["127.0.0.1:{port}"]
"""


class Canaille:
    """A running server; `issuer` is what a gateway is configured with."""

    user, password = "alice", "secret-of-alice"

    def __init__(self, folder):
        self.port = free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        self.jwks_url = self.issuer + "/oauth/jwks.json"
        generate = ["openssl", "genrsa", "2048"]
        key = subprocess.run(generate, capture_output=True, text=True, check=True).stdout
        settings = folder / "canaille.toml"
        escaped = key.replace("\n", "\\n")
        settings.write_text(SETTINGS.format(port=self.port, folder=folder, key=escaped))
        program = VENVS / "canaille" / "bin" / "canaille"
        env = dict(os.environ, CANAILLE_CONFIG=str(settings))
        names = ["--user-name", self.user, "--password", self.password]
        names += ["--emails", "alice@example.org", "--given-name", "A", "--family-name", "D"]
        for command in (["install"], ["create", "user", *names]):
            result = run([program, *command], env=env, cwd=folder, seconds=120)
            if result.returncode != 0:
                raise RuntimeError(f"canaille {command[0]}: {result.stderr[-2000:]}")
        self.program = Program(
            [program, "run"], ports=[self.port], env=env, cwd=folder, ready_seconds=60
        )
        self.metadata = self._get("/.well-known/openid-configuration")
        self.jwks_url = self.metadata["jwks_uri"]

    def stop(self):
        self.program.stop()

    def _get(self, path):
        with urllib.request.urlopen(self.issuer + path, timeout=20) as answer:
            return json.load(answer)

    def register(self, redirect_uri):
        """Registers a client; its id and secret."""
        body = {
            "client_name": "end-to-end",
            "redirect_uris": [redirect_uri],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "client_secret_post",
            "scope": "openid profile",
        }
        request = urllib.request.Request(
            self.metadata["registration_endpoint"],
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            client = json.load(answer)
        return client["client_id"], client["client_secret"]
