/// The shapes of the file, from the outside in.
enum CoreShape {
    static let file = ObjectShape(
        name: "the configuration",
        keys: [
            Key("binds", .list(.object(bind), atLeast: 1), "The ports and what listens on them."),
            Key("port", port, example: "3000", "The short form: the port of the one listener."),
            Key(
                "address", .text(.address), default: "::, both address families",
                example: "127.0.0.1", "The short form: the address to listen on."),
            Key(
                "upstream", .text(.upstream), example: "http://localhost:3001/mcp",
                """
                The short form: `host:port`, `unix:/path`, or an http or https URL, whose path \
                replaces the request's.
                """),
            Key(
                "matches", .list(.object(match), atLeast: 1), default: "every path",
                "The short form: what the one route matches."),
            Key("policies", .object(policies), "The short form: the policies of the one route."),
            publicURL("The short form: the external base URL."),
            upgrade("The short form: the protocols to switch to, of the one route."),
            Key(
                "accessLog", .text(.choice(["off", "stdout"])), default: "stdout",
                "Where access records go: nowhere, or as JSON lines to standard output."),
            Key(
                "trustedProxies", .list(.text(.addressBlock), atLeast: 0), default: "[]",
                example: "[10.0.0.0/8, \"::1\"]",
                "Peers whose X-Forwarded-* fields are believed: addresses or CIDR blocks."),
            Key("admin", .object(admin), "The listener for health, readiness and metrics."),
            Key("timeouts", .object(Settings.allTimeouts), "How long the gateway waits."),
            Key("limits", .object(Settings.allLimits), "How much the gateway takes from peers."),
            Key("fetch", .object(fetch), "What plugins may reach on their own account."),
        ],
        later: Later.file)

    static let port = Shape.integer(0...65_535)

    static func publicURL(_ description: String) -> Key {
        Key(
            "publicUrl", .text(.publicURL), default: "made of the request",
            example: "https://mcp.example.com", description)
    }

    static let admin = ObjectShape(
        name: "admin",
        keys: [
            Key(
                "port", port, isRequired: true, example: "15000",
                "The TCP port; 0 lets the kernel choose."),
            Key(
                "address", .text(.address), default: "127.0.0.1",
                "The address to listen on; whoever reaches it reads everything there."),
            Key(
                "maxConnections", .integer(1...1_024), default: "64",
                "Its connections, apart from those of clients; more get 503."),
        ])

    static func upgrade(_ description: String) -> Key {
        Key(
            "upgrade", .list(.text(.upgrade), atLeast: 0), default: "[]", example: "[websocket]",
            description)
    }

    static let fetch = ObjectShape(
        name: "fetch",
        keys: [
            Key(
                "allow", .list(.text(.origin), atLeast: 0), default: "[]",
                example: "[https://login.example.com]",
                "Origins that plugins may fetch from whatever led them there.")
        ])

    static let bind = ObjectShape(
        name: "a bind",
        keys: [
            Key(
                "port", port, isRequired: true, example: "3000",
                "The TCP port; 0 lets the kernel choose."),
            Key(
                "address", .text(.address), default: "::, both address families",
                example: "127.0.0.1", "The address to listen on, IPv6 without brackets."),
            Key(
                "listeners", .list(.object(listener), atLeast: 1), isRequired: true,
                "The listeners, told apart by host name."),
        ], later: Later.bind)

    static let listener = ObjectShape(
        name: "a listener",
        keys: [
            Key("name", .text(.name), default: "listener-<n>", "Its name in messages."),
            Key(
                "hostname", .text(.hostPattern), default: "every host",
                example: "\"*.example.com\"", "The host name that it is for."),
            Key("protocol", .text(.listenerProtocol), default: "HTTP", "What it speaks."),
            publicURL("The external base URL of its routes."),
            Key("routes", .list(.object(route), atLeast: 1), isRequired: true, "The routes."),
        ], later: Later.listener)

    static let route = ObjectShape(
        name: "a route",
        keys: [
            Key("name", .text(.name), default: "<port>/<listener>/route-<n>", "Its unique name."),
            Key(
                "hostnames", .list(.text(.hostPattern), atLeast: 0), default: "[]: the listener's",
                example: "[mcp.example.com]", "The host names that it is for."),
            Key(
                "matches", .list(.object(match), atLeast: 1), default: "every path",
                "What it matches; one of them must hold."),
            Key("policies", .object(policies), "Its policies by name."),
            Key(
                "backends", .list(.object(backend), atLeast: 0), default: "[]",
                "Where it leads, each with its share."),
            publicURL("The external base URL, before the listener's."),
            upgrade("The protocols to which a request may switch its connection."),
            Key("timeouts", .object(Settings.routeTimeouts), "Timeouts that differ here."),
            Key("limits", .object(Settings.routeLimits), "Limits that differ here."),
        ], later: Later.route)

    static let match = ObjectShape(
        name: "a match",
        keys: [
            Key("path", .object(pathMatch), default: "{pathPrefix: /}", "The path."),
            Key("method", .text(.method), example: "POST", "The method, case sensitive."),
            Key("headers", .list(.object(headerMatch), atLeast: 0), "Header fields."),
            Key("query", .list(.object(queryMatch), atLeast: 0), "Query parameters."),
        ])

    static let pathMatch = ObjectShape(
        name: "path",
        keys: [
            Key("exact", .text(.path), example: "/mcp", "The path, byte for byte."),
            Key(
                "pathPrefix", .text(.path), example: "/mcp",
                "Whole segments: /mcp is for /mcp and /mcp/x, not for /mcpx."),
            Key(
                "regex", .text(.regex), example: "\"/v[0-9]+/mcp\"",
                "A regular expression for the whole path, matched in linear time."),
        ])

    static let headerMatch = fieldMatch("a header match", .text(.fieldName))
    static let queryMatch = fieldMatch("a query match", .text(.name))

    private static func fieldMatch(_ name: String, _ field: Shape) -> ObjectShape {
        let value = ObjectShape(
            name: "value",
            keys: [
                Key("exact", .text(.value), "The value, byte for byte."),
                Key("regex", .text(.regex), "A regular expression for the whole value."),
            ])
        return ObjectShape(
            name: name,
            keys: [
                Key("name", field, isRequired: true, "The name."),
                Key("value", .object(value), isRequired: true, "How the value is compared."),
            ])
    }

    static let policies = ObjectShape(
        name: "policies",
        keys: [
            Key("backendTLS", .object(tls), "TLS towards the route's backends, verified.")
        ], later: Later.policies, others: .policy)

    static let backend = ObjectShape(
        name: "a backend",
        keys: [
            Key(
                "host", .text(.hostPort), example: "localhost:3001",
                "An HTTP server: name:port, 127.0.0.1:80, \"[::1]:80\" or unix:/path."),
            Key("mcp", .object(mcp), "An MCP server over Streamable HTTP."),
            Key(
                "weight", .integer(0...1_000_000), default: "1",
                "Its share of the exchanges; 0 gets none."),
            Key("tls", .object(tls), "TLS towards it, verified; `{}` is enough."),
            Key("policies", .object(backendPolicies), "The same in agentgateway's place."),
        ], later: Later.backend, others: .backend)

    static let backendPolicies = ObjectShape(
        name: "policies of a backend",
        keys: [Key("backendTLS", .object(tls), "TLS towards it, verified.")],
        later: Later.policies)

    static let tls = ObjectShape(
        name: "TLS towards a backend",
        keys: [
            Key("hostname", .text(.hostPattern), default: "the host", "The name to verify."),
            Key("root", .text(.filePath), default: "the system's", "A PEM file of authorities."),
            Key("cert", .text(.filePath), "A PEM file, the client's certificate chain."),
            Key("key", .text(.filePath), "A PEM file, its private key; nobody else may read it."),
            Key("insecure", .flag, default: "false", "Verify nothing; for tests only."),
        ], later: Later.tls)

    static let mcp = ObjectShape(
        name: "mcp",
        keys: [
            Key(
                "targets", .list(.object(target), atLeast: 1), isRequired: true,
                "The one target; several come later.")
        ], later: Later.mcp)

    static let target = ObjectShape(
        name: "a target",
        keys: [
            Key("name", .text(.name), example: "everything", "Its name in messages."),
            Key("mcp", .object(targetServer), "A server over Streamable HTTP."),
        ], later: Later.target)

    static let targetServer = ObjectShape(
        name: "an MCP server",
        keys: [
            Key(
                "host", .text(.mcpHost), isRequired: true, example: "http://localhost:3001/mcp",
                "Its URL; https switches TLS on; the path replaces the request's."),
            Key("port", .integer(1...65_535), "The port, where host is only a name."),
            Key("path", .text(.path), "The path, where host is only a name."),
        ], later: ["backend": Later.plain])
}
