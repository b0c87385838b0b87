/// agentgateway's keys that are known and not supported yet: an error that says so.
///
/// A plugin of the same name that is installed goes before.
enum Later {
    static let plain = "is a key of agentgateway that is not supported yet"

    private static func keys(_ names: String) -> [String: String] {
        Dictionary(uniqueKeysWithValues: names.split(separator: " ").map { (String($0), plain) })
    }

    static let file = keys(
        "config frontendPolicies workloads services backends routeGroups tcpRoutes llm ui"
    ).merging([
        "gateways": "is a shape of agentgateway that comes later; write 'binds' or the short form",
        "routes": "is a shape of agentgateway that comes later; write routes below a listener",
        "mcp": "is a shape of agentgateway that comes later; write 'binds' or the short form",
    ]) { first, _ in first }

    static let bind = keys("tunnelProtocol mode")

    static let listener = keys("namespace policies tcpRoutes").merging([
        "tls": "is not supported yet: TLS of listeners comes in a later release"
    ]) { first, _ in first }

    static let route = keys("namespace ruleName")

    static let policies = keys(
        """
        a2a ai apiKey authorization backendAuth backendTunnel basicAuth buffer csrf delay \
        directResponse extAuthz extProc jwtAuth localRateLimit mcpAuthorization mcpGuardrails oidc \
        remoteRateLimit requestHeaderModifier requestMirror requestRedirect \
        responseHeaderModifier retry transformations urlRewrite
        """
    ).merging([
        "timeout": "is not supported yet; write 'timeouts' beside 'policies'"
    ]) { first, _ in first }

    static let backend = keys("ai aws backend dynamic internal routeGroup service")

    static let tls = keys("alpn insecureHost subjectAltNames")

    static let mcp = keys("dnsRebindingProtection failureMode prefixMode statefulMode")

    static let target = keys("openapi policies sse").merging([
        "stdio": "is not supported yet: MCP servers over stdio come with a backend plugin later"
    ]) { first, _ in first }
}
