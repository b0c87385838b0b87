"""Glewlwyd (Debian's package) as authorization server: a store of its own, set up over its REST
interface, with JWT access tokens whose audience is the `resource` that was asked for."""

import http.cookiejar
import json
import re
import shutil
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

from support.processes import Program, free_port

SCHEMA = Path("/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3")
SETTINGS = Path("/etc/glewlwyd/glewlwyd.conf")
SCOPES = ("mcp:tools", "offline_access")


def is_installed():
    return shutil.which("glewlwyd") is not None and SCHEMA.exists()


class Glewlwyd:
    """A running server; `issuer` is what a gateway is configured with."""

    user, password = "alice", "secret-of-alice"

    def __init__(self, folder, resources):
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.issuer = self.base + "/api/oidc"
        self.jwks_url = self.issuer + "/jwks"
        settings = self._settings(folder)
        self.program = Program(
            ["glewlwyd", f"--config-file={settings}"], ports=[self.port], cwd=folder
        )
        cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies))
        try:
            self._configure(resources)
        except BaseException:
            self.stop()
            raise

    def stop(self):
        self.program.stop()

    def _settings(self, folder):
        database = folder / "glewlwyd.db"
        subprocess.run(["sqlite3", database], input=SCHEMA.read_text(), text=True, check=True)
        text = SETTINGS.read_text()
        for name, value in (
            ("port", str(self.port)),
            ("external_url", f'"{self.base}"'),
            ("log_mode", '"console"'),
            ("bind_address", '"127.0.0.1"'),
        ):
            text = re.sub(rf"(?m)^#?\s*{name}\s*=.*$", f"{name}={value}", text, count=1)
        text = re.sub(
            r"(?m)^@include.*$", f'database = {{ type = "sqlite3"; path = "{database}"; }};', text
        )
        if not re.search(r"(?m)^static_files_path", text):
            text += '\nstatic_files_path="/usr/share/glewlwyd/webapp"\n'
        path = folder / "glewlwyd.conf"
        path.write_text(text)
        return path

    def _send(self, path, body, method="POST"):
        request = urllib.request.Request(
            self.base + path,
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
            method=method,
        )
        with self.opener.open(request, timeout=20) as answer:
            return answer.read()

    def _configure(self, resources):
        self._send("/api/auth/", {"username": "admin", "password": "password"})
        for scope in SCOPES:
            self._send(
                "/api/scope/",
                {
                    "name": scope,
                    "display_name": scope,
                    "description": scope,
                    "password_required": True,
                    "password_max_age": 0,
                    "scheme": {},
                },
            )
        self._send(
            "/api/user/?source=database",
            {
                "username": self.user,
                "name": "Alice",
                "email": "alice@example.org",
                "password": self.password,
                "enabled": True,
                "scope": ["openid", "g_profile", *SCOPES],
            },
        )
        self._send(
            "/api/mod/plugin/",
            {
                "module": "oidc",
                "name": "oidc",
                "display_name": "OIDC",
                "enabled": True,
                "parameters": self._parameters(resources),
            },
        )

    def _parameters(self, resources):
        generate = ["openssl", "genrsa", "2048"]
        key = subprocess.run(generate, capture_output=True, text=True, check=True).stdout
        public = ["openssl", "rsa", "-pubout"]
        certificate = subprocess.run(
            public, input=key, capture_output=True, text=True, check=True
        ).stdout
        on = (
            "jwks-show allow-non-oidc auth-type-code-enabled auth-type-code-revoke-replayed "
            "auth-type-client-enabled auth-type-refresh-enabled pkce-allowed pkce-required "
            "refresh-token-rolling register-client-allowed register-client-management-allowed "
            "resource-allowed iss-in-auth-response"
        )
        off = (
            "auth-type-token-enabled auth-type-password-enabled auth-type-device-enabled "
            "pkce-method-plain-allowed resource-scope-and-client-property oauth-rar-allowed "
            "resource-change-allowed session-management-allowed"
        )
        return {
            **dict.fromkeys(on.split(), True),
            **dict.fromkeys(off.split(), False),
            "iss": self.issuer,
            "jwt-type": "rsa",
            "jwt-key-size": "256",
            "key": key,
            "cert": certificate,
            "access-token-duration": 3600,
            "refresh-token-duration": 1209600,
            "code-duration": 600,
            "refresh-token-one-use": "always",
            "register-client-auth-scope": [],
            "register-client-credentials-scope": ["mcp:tools"],
            "resource-scope": {"mcp:tools": resources},
            "resource-client-property": "",
            "allowed-scope": ["openid", *SCOPES],
            "subject-type": "public",
        }
