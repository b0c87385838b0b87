import ArgumentParser
import GatehouseJSON
import Glibc
import NIOPosix

/// The peers of the example, in one process.
@main
struct DemoServicesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gatehouse-demo-services",
        abstract: "Starts a mock authorization server, a Keycloak-like realm and an MCP server.",
        discussion: """
            All listen on the loopback interface only. Port 0 takes a free port; one line of JSON \
            on stdout says which ports were taken. Exit code 3: a port cannot be had.
            """)

    @Option(help: "The port of the mock authorization server.")
    var authorizationServerPort = 9000

    @Option(help: "The port of the Keycloak-like realm.")
    var keycloakPort = 7080

    @Option(help: "The port of the MCP server.")
    var mcpPort = 3001

    @Option(help: "The mock authorization server's issuer; by default http://localhost:PORT.")
    var authorizationServerIssuer: String?

    @Option(help: "The base URL of the realm; by default http://localhost:PORT.")
    var keycloakBase: String?

    @Flag(help: "Show a page with a button where the mock authorization server asks nobody.")
    var approvalPage = false

    @Flag(help: "Let the realm send iss in authorization responses (RFC 9207).")
    var keycloakEmitIss = false

    @Option(help: "A redirect URI of the realm's client gatehouse; may be given several times.")
    var keycloakRedirectUri = ["http://localhost:3000/keycloak/mcp/callback"]

    @Option(help: "Also serve a web page that is an MCP client, on this port.")
    var clientPort: Int?

    @Option(help: "The MCP server that the page begins with.")
    var clientTarget = "http://localhost:3000/keycloak/mcp"

    @Flag(help: "Exit when stdin ends: the services die with the program that started them.")
    var exitWithStdin = false

    func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let servers: [DemoServer]
        do {
            servers = try await start(group)
        } catch {
            complain("gatehouse-demo-services: \(error)\n")
            throw ExitCode(3)
        }
        if exitWithStdin { NIOThreadPool.singleton.submit { _ in Self.exitWhenStdinEnds() } }
        for server in servers { try await server.wait() }
    }

    private func start(_ group: MultiThreadedEventLoopGroup) async throws -> [DemoServer] {
        var issuer = ""
        let authorization = try await DemoServer.start(port: authorizationServerPort, group: group)
        {
            issuer = authorizationServerIssuer ?? "http://localhost:\($0)"
            return try MockAuthorizationServer(issuer: issuer, showsPage: approvalPage)
        }
        var realmIssuer = ""
        let keycloak = try await DemoServer.start(port: keycloakPort, group: group) {
            let base = keycloakBase ?? "http://localhost:\($0)"
            realmIssuer = base + "/realms/mcp"
            return try KeycloakRealm(
                base: base, emitsIssuer: keycloakEmitIss, redirectURIs: keycloakRedirectUri)
        }
        let mcp = try await DemoServer.start(port: mcpPort, group: group) { _ in McpServer() }
        var servers = [authorization, keycloak, mcp]
        var line: JSONObject = [
            "authorizationServer": [
                "port": .int(Int64(authorization.port)), "issuer": .string(issuer),
            ],
            "keycloak": ["port": .int(Int64(keycloak.port)), "issuer": .string(realmIssuer)],
            "mcp": [
                "port": .int(Int64(mcp.port)),
                "url": .string("http://localhost:\(mcp.port)/mcp"),
            ],
        ]
        if let clientPort {
            let client = try await DemoServer.start(port: clientPort, group: group) { _ in
                DemoClient(target: clientTarget)
            }
            servers.append(client)
            line["client"] = [
                "port": .int(Int64(client.port)),
                "url": .string("http://localhost:\(client.port)/"),
            ]
        }
        print(JSONValue.object(line).serialized())
        fflush(nil)
        return servers
    }

    private func complain(_ text: String) {
        let bytes = Array(text.utf8)
        _ = write(2, bytes, bytes.count)
    }

    private static func exitWhenStdinEnds() {
        var byte: UInt8 = 0
        while read(0, &byte, 1) > 0 {}
        Glibc.exit(0)
    }
}
