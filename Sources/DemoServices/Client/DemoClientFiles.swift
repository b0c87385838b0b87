/// The files of the demo client.
enum DemoClientFiles {
    static let page = """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <title>Demo client</title>
        <link rel="stylesheet" href="/client.css">
        <script src="/client.js" defer></script>
        </head>
        <body>
        <h1>Demo client</h1>
        <p>This page is an MCP client. It is given the URL of an MCP server and nothing else.</p>
        <form id="connect">
        <label for="url">MCP server</label>
        <input id="url" type="url" value="{target}" required>
        <button id="start" type="submit">Connect</button>
        <button id="forget" type="button">Forget the registration</button>
        </form>
        <ol id="steps"></ol>
        <p id="error" role="alert" hidden></p>
        <section id="result" hidden>
        <h2>The access token's claims</h2>
        <pre id="claims"></pre>
        <h2>The answer to tools/list</h2>
        <ul id="tools"></ul>
        <h2>The answer to tools/call: add 2 and 40</h2>
        <pre id="call"></pre>
        </section>
        </body>
        </html>

        """

    static let style = """
        body { font: 16px/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; }
        body { padding: 0 1rem; color: #1b1f24; background: #fff; }
        input { width: 24rem; font: inherit; padding: .25rem; }
        button { font: inherit; padding: .25rem .75rem; }
        pre { background: #f3f4f6; padding: .75rem; overflow-x: auto; }
        #steps code { overflow-wrap: anywhere; }
        #error { color: #a40000; font-weight: 600; overflow-wrap: anywhere; }

        """

    static let script = #"""
        "use strict";

        const redirectURI = location.origin + "/callback";
        const version = "2026-07-28";
        const at = (id) => document.getElementById(id);

        // What was done so far; it outlives the way to the authorization server and back.
        let steps = [];

        function step(text, value) {
            steps.push([text, value]);
            sessionStorage.setItem("steps", JSON.stringify(steps));
            show(text, value);
        }

        function show(text, value) {
            const item = document.createElement("li");
            item.append(text);
            if (value) {
                const code = document.createElement("code");
                code.textContent = value;
                item.append(": ", code);
            }
            at("steps").append(item);
        }

        function fail(error) {
            at("error").textContent = error.message;
            at("error").hidden = false;
        }

        function must(condition, message) {
            if (!condition) throw new Error(message);
        }

        async function answer(response) {
            const text = await response.text();
            must(response.ok, `${response.url}: ${response.status} ${text.slice(0, 500)}`);
            return JSON.parse(text);
        }

        // One MCP request of 2026-07-28: no session, the headers repeat what the body says.
        function call(url, token, method, params) {
            const headers = {
                "Content-Type": "application/json",
                "Accept": "application/json, text/event-stream",
                "MCP-Protocol-Version": version,
                "Mcp-Method": method,
            };
            if (params.name) headers["Mcp-Name"] = params.name;
            if (token) headers["Authorization"] = `Bearer ${token}`;
            const meta = {
                "io.modelcontextprotocol/protocolVersion": version,
                "io.modelcontextprotocol/clientInfo": { name: "demo-client", version: "1" },
                "io.modelcontextprotocol/clientCapabilities": {},
            };
            const message = { jsonrpc: "2.0", id: 1, method, params: { ...params, _meta: meta } };
            return fetch(url, { method: "POST", headers, body: JSON.stringify(message) });
        }

        // The issuer's document (RFC 8414, section 3.1): the well-known path goes before its own.
        async function metadataOf(issuer) {
            const url = new URL(issuer);
            const path = url.pathname === "/" ? "" : url.pathname;
            const place = url.origin + "/.well-known/oauth-authorization-server" + path;
            step("Metadata of the authorization server", place);
            const metadata = await answer(await fetch(place));
            must(metadata.issuer === issuer, `the issuer is ${metadata.issuer}, not ${issuer}`);
            return metadata;
        }

        // A client registers once for each issuer (RFC 7591) and keeps what it got.
        async function clientOf(metadata) {
            const key = "client of " + metadata.issuer;
            const known = localStorage.getItem(key);
            if (known) {
                step("Registered before");
                return JSON.parse(known);
            }
            step("Registration", metadata.registration_endpoint);
            const client = await answer(await fetch(metadata.registration_endpoint, {
                method: "POST",
                headers: { "Content-Type": "application/json" },
                body: JSON.stringify({
                    client_name: "Demo client",
                    redirect_uris: [redirectURI],
                    grant_types: ["authorization_code", "refresh_token"],
                    response_types: ["code"],
                    token_endpoint_auth_method: "none",
                }),
            }));
            localStorage.setItem(key, JSON.stringify(client));
            return client;
        }

        const base64url = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)))
            .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
        const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

        async function connect(url) {
            step("A request without a token", url);
            const refusal = await call(url, null, "tools/list", {});
            must(refusal.status === 401, `the answer is ${refusal.status}, not 401`);
            const challenge = refusal.headers.get("WWW-Authenticate") ?? "";
            const place = challenge.match(/resource_metadata="([^"]*)"/)?.[1];
            must(place, "the 401 names no metadata");
            step("Metadata of the protected resource", place);
            const resource = await answer(await fetch(place));
            const metadata = await metadataOf(resource.authorization_servers[0]);
            const client = await clientOf(metadata);
            const scope = challenge.match(/scope="([^"]*)"/)?.[1]
                ?? (resource.scopes_supported ?? []).join(" ");
            const verifier = random(), state = random();
            const octets = new TextEncoder().encode(verifier);
            const digest = await crypto.subtle.digest("SHA-256", octets);
            const request = { url, resource: resource.resource, metadata, client, verifier, state };
            sessionStorage.setItem("request", JSON.stringify(request));
            const target = new URL(metadata.authorization_endpoint);
            const parameters = {
                response_type: "code", client_id: client.client_id, redirect_uri: redirectURI,
                state, code_challenge: base64url(digest), code_challenge_method: "S256",
                resource: resource.resource,
            };
            if (scope) parameters.scope = scope;
            for (const [name, value] of Object.entries(parameters)) {
                target.searchParams.set(name, value);
            }
            step("A person signs in", metadata.authorization_endpoint);
            location.assign(target);
        }

        async function tokenFor(request, code) {
            step("Token", request.metadata.token_endpoint);
            const form = new URLSearchParams({
                grant_type: "authorization_code", code, redirect_uri: redirectURI,
                client_id: request.client.client_id, code_verifier: request.verifier,
                resource: request.resource,
            });
            if (request.client.client_secret) {
                form.set("client_secret", request.client.client_secret);
            }
            const response = await fetch(
                request.metadata.token_endpoint, { method: "POST", body: form });
            return (await answer(response)).access_token;
        }

        function claimsOf(token) {
            const parts = token.split(".");
            if (parts.length !== 3) return "The token is opaque.";
            const text = atob(parts[1].replaceAll("-", "+").replaceAll("_", "/"));
            return JSON.stringify(JSON.parse(text), null, 2);
        }

        async function finish(answered) {
            const saved = sessionStorage.getItem("request");
            must(saved, "this page began no authorization");
            sessionStorage.removeItem("request");
            history.replaceState(null, "", "/");
            const request = JSON.parse(saved);
            steps = JSON.parse(sessionStorage.getItem("steps") ?? "[]");
            for (const [text, value] of steps) show(text, value);
            at("url").value = request.url;
            must(answered.get("state") === request.state, "state is not the one that was sent");
            const issuer = answered.get("iss");
            const isPromised = request.metadata.authorization_response_iss_parameter_supported;
            must(issuer === request.metadata.issuer || (!issuer && !isPromised),
                `iss is ${issuer}, not ${request.metadata.issuer}`);
            step("Back, with state and iss as they must be", issuer ?? "no iss");
            must(answered.get("code"), `${answered.get("error")}: `
                + `${answered.get("error_description") ?? "no description"}`);
            const token = await tokenFor(request, answered.get("code"));
            at("claims").textContent = claimsOf(token);
            step("tools/list and tools/call with the token", request.url);
            const list = await answer(await call(request.url, token, "tools/list", {}));
            for (const tool of list.result.tools) {
                const item = document.createElement("li");
                item.textContent = `${tool.name}: ${tool.description}`;
                at("tools").append(item);
            }
            const sum = await answer(await call(
                request.url, token, "tools/call", { name: "add", arguments: { a: 2, b: 40 } }));
            at("call").textContent = sum.result.content[0].text;
            at("result").hidden = false;
        }

        at("connect").addEventListener("submit", (event) => {
            event.preventDefault();
            at("steps").replaceChildren();
            steps = [];
            at("error").hidden = at("result").hidden = true;
            connect(at("url").value).catch(fail);
        });
        at("forget").addEventListener("click", () => localStorage.clear());
        if (location.pathname === "/callback") {
            finish(new URLSearchParams(location.search)).catch(fail);
        }

        """#
}
