"""LemonLDAP::NG (Debian's packages) as authorization server: the portal alone, on a configuration,
sessions and caches of its own in one folder. Clients are registered beforehand.

Its issuer ends with a slash, its RFC 8414 document is a login page with status 200, `resource` is
ignored, the audience is the client and what the client's settings add, refresh tokens are not
rotated, and a scope rule may grant what nobody asked for.
"""

import json
import shutil
import subprocess
from pathlib import Path

from support.gateway import environment
from support.processes import Program, free_port

PORTAL = Path("/usr/share/lemonldap-ng/portal")
DEFAULTS = Path("/var/lib/lemonldap-ng")

# The portal loads a captcha even where no page has one; its own would need ImageMagick.
APPLICATION = """\
BEGIN {
    package NoCaptcha;
    use Mouse;
    extends 'Lemonldap::NG::Portal::Main::Plugin';
    sub init { 1 }
    $INC{'NoCaptcha.pm'} = __FILE__;
}
use Lemonldap::NG::Portal;
use Plack::Builder;
my $portal = Lemonldap::NG::Portal->run({});
builder {
    enable 'Plack::Middleware::Static',
        path => sub { s!^/static/!! }, root => '/usr/share/lemonldap-ng/portal/htdocs/static/';
    $portal;
};
"""

# The portal's own file; everything else stands in the configuration that it names.
SETTINGS = """\
[all]
logLevel = warn
[configuration]
type = File
dirName = {folder}/conf
localStorage = Cache::FileCache
localStorageOptions = {{ 'namespace' => 'config', 'default_expires_in' => 600, \
'cache_root' => '{folder}/cache', 'cache_depth' => 0 }}
[portal]
staticPrefix = /static
templateDir = /usr/share/lemonldap-ng/portal/templates
languages = en
"""


def is_installed():
    return shutil.which("starman") is not None and PORTAL.is_dir()


class Client:
    """A client that the portal knows."""

    def __init__(self, name, redirect_uris, *, audience=None, jwt=True, scopes=None):
        """`scopes`: by name, the rule (Perl) that decides whether a token has it."""
        self.id, self.secret = name, f"secret-of-{name}-0123456789"
        self.redirect_uris, self.audience, self.jwt = redirect_uris, audience, jwt
        self.scopes = scopes or {}

    def options(self):
        values = {
            "ClientID": self.id,
            "ClientSecret": self.secret,
            "DisplayName": self.id,
            "AccessTokenJWT": int(self.jwt),
            "AccessTokenSignAlg": "RS256",
            "AccessTokenExpiration": 600,
            "IDTokenSignAlg": "RS256",
            "RequirePKCE": 1,
            "RefreshToken": 1,
            "BypassConsent": 0,
            "RedirectUris": " ".join(self.redirect_uris),
            "AdditionalAudiences": self.audience or "",
        }
        return {f"oidcRPMetaDataOptions{name}": value for name, value in values.items()}


class LemonLDAP:
    """A running portal; `issuer` is what a gateway is configured with."""

    user = password = "dwho"

    def __init__(self, folder, clients):
        self.port = free_port()
        self.issuer = f"http://127.0.0.1:{self.port}/"
        self.jwks_url = self.issuer + "oauth2/jwks"
        self.introspection_url = self.issuer + "oauth2/introspect"
        self.clients = {client.id: client for client in clients}
        for name in ("conf", "cache", "captcha", "notifications"):
            (folder / name).mkdir()
        for name in ("sessions", "psessions"):
            (folder / name / "lock").mkdir(parents=True)
        settings = folder / "lemonldap-ng.ini"
        settings.write_text(SETTINGS.format(folder=folder))
        application = folder / "app.psgi"
        application.write_text(APPLICATION)
        text = json.dumps(self._configuration(folder))
        (folder / "conf" / "lmConf-1.json").write_text(text)
        command = ["starman", "--listen", f"127.0.0.1:{self.port}", "--workers", "2"]
        # A worker that waits for a next request on a connection serves nobody else.
        command += ["--disable-keepalive", "--env", "deployment", application]
        env = environment(LLNG_DEFAULTCONFFILE=str(settings), HOME=str(folder))
        self.program = Program(command, ports=[self.port], env=env, cwd=folder, ready_seconds=60)

    def stop(self):
        self.program.stop()

    def _configuration(self, folder):
        """The packaged defaults, in this folder, as a provider of OpenID Connect."""
        text = (DEFAULTS / "conf" / "lmConf-1.json").read_text()
        configuration = json.loads(text.replace(str(DEFAULTS), str(folder)))
        private, public = key_pair()
        clients = self.clients.values()
        configuration.update(
            {
                "cfgNum": 1,
                "key": "only-for-a-test-on-loopback",
                "portal": self.issuer,
                "domain": "127.0.0.1",
                "securedCookie": 0,
                "cookieName": "lemonldap",
                "authentication": "Demo",
                "userDB": "Same",
                "passwordDB": "Null",
                "registerDB": "Null",
                "requireToken": 1,
                "cspFormAction": "*",
                "locationRules": {},
                "exportedHeaders": {},
                "issuerDBOpenIDConnectActivation": 1,
                "oidcServiceMetaDataIssuer": self.issuer,
                "oidcServicePrivateKeySig": private,
                "oidcServicePublicKeySig": public,
                "oidcServiceKeyIdSig": "llng-1",
                "oidcRPMetaDataOptions": {c.id: c.options() for c in clients},
                "oidcRPMetaDataExportedVars": {
                    c.id: {"email": "mail", "name": "cn"} for c in clients
                },
                "oidcRPMetaDataScopeRules": {c.id: c.scopes for c in clients},
                "captcha": "NoCaptcha",
                "captcha_login_enabled": 0,
                "captcha_mail_enabled": 0,
                "captcha_register_enabled": 0,
                "portalDisplayResetPassword": 0,
                "portalDisplayRegister": 0,
                "portalDisplayCertificateResetByMail": 0,
            }
        )
        return configuration


def key_pair():
    """A private key of 2048 bits and its public key, both PEM."""
    generate = ["openssl", "genrsa", "2048"]
    private = subprocess.run(generate, capture_output=True, text=True, check=True).stdout
    convert = ["openssl", "rsa", "-pubout"]
    public = subprocess.run(convert, input=private, capture_output=True, text=True, check=True)
    return private, public.stdout
