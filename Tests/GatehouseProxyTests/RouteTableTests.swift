import GatehouseHTTP
import GatehouseRegex
import Testing

@testable import GatehouseProxy

@Suite("The route table")
struct RouteTableTests {
    /// What the table says about a request: the route's name, `name#claim`, `404` or `400`.
    private func decide(
        _ table: RouteTable, _ target: String, host: String = "example.com",
        method: String = "GET", fields: String = ""
    ) -> String {
        let text = "\(method) \(target) HTTP/1.1\r\nHost: \(host)\r\n\(fields)\r\n"
        var parser = RequestHeadParser()
        let index = FieldIndex()
        return Array(text.utf8).withUnsafeBytes { bytes in
            guard case .head(let head) = parser.parse(bytes, into: index) else { return "fault" }
            let request = RouteRequest(
                method: bytes[head.methodBytes],
                query: head.target.query.map { bytes[$0] } ?? Text.of(""), fields: index,
                bytes: bytes)
            let decision = table.decide(
                host: bytes[head.host], path: head.path(in: bytes), request)
            switch decision {
            case .route(let route, let claim): return route.name + (claim.map { "#\($0)" } ?? "")
            case .notFound: return "404"
            case .refused: return "400"
            }
        }
    }

    private func route(_ name: String, _ paths: [PathMatch], hosts: [String] = []) -> Route {
        Route(
            name: name, hosts: hosts.compactMap(HostPattern.init),
            matches: paths.map { RouteMatch(path: $0) })
    }

    @Test func `exact beats prefix beats regular expression, the longest prefix first`() throws {
        let table = try RouteTable([
            route("regex", [.regex(LinearRegex("/a/.*"))]),
            route("root", [.prefix("/a")]),
            route("long", [.prefix("/a/b")]),
            route("exact", [.exact("/a/b/c")]),
            route("digits", [.regex(LinearRegex("/[0-9]+"))]),
        ])
        #expect(decide(table, "/a/b/c") == "exact")
        #expect(decide(table, "/a/b/d") == "long")
        #expect(decide(table, "/a/b") == "long")
        #expect(decide(table, "/a/bc") == "root")
        #expect(decide(table, "/a?x=/a/b") == "root")
        #expect(decide(table, "/ab") == "404")
        #expect(decide(table, "/12") == "digits")
        #expect(decide(table, "/12x") == "404")
    }

    @Test func `a request belongs to the listener of its host, and to no other's routes`() throws {
        let table = try RouteTable(listeners: [
            (nil, [route("any", [.prefix("/")])]),
            (.suffix(".example.com"), [route("wild", [.prefix("/w")])]),
            (.exact("a.example.com"), [route("one", [.prefix("/a")])]),
        ])
        #expect(decide(table, "/a", host: "A.example.com") == "one")
        #expect(decide(table, "/w", host: "a.example.com") == "404")
        #expect(decide(table, "/w", host: "b.example.com") == "wild")
        #expect(decide(table, "/x", host: "b.example.com") == "404")
        #expect(decide(table, "/x", host: "example.com") == "any")
        #expect(decide(table, "/a/%2fb", host: "a.example.com") == "400")
    }

    @Test func `the host comes first: exact, the longest wildcard, then any`() throws {
        let table = try RouteTable([
            route("any", [.exact("/x")]),
            route("wild", [.prefix("/")], hosts: ["*.example.com"]),
            route("deep", [.prefix("/")], hosts: ["*.b.example.com"]),
            route("host", [.prefix("/")], hosts: ["a.example.com"]),
        ])
        #expect(decide(table, "/x", host: "a.example.com") == "host")
        #expect(decide(table, "/x", host: "A.Example.COM:8080") == "host")
        #expect(decide(table, "/x", host: "c.example.com") == "wild")
        #expect(decide(table, "/x", host: "a.b.example.com") == "deep")
        #expect(decide(table, "/x", host: "example.com") == "any")
        #expect(decide(table, "/y", host: "example.com") == "404")
        #expect(decide(table, "/x", host: "[::1]:80") == "any")
    }

    @Test func `claims beat every match of the host, exact ones before prefixes`() throws {
        let table = try RouteTable(
            [route("a", [.exact("/meta/a")]), route("b", [.prefix("/b")], hosts: ["h"])],
            claims: { route in
                route.name == "a"
                    ? [
                        ClaimedPath(path: "/meta", isPrefix: true, policy: "p"),
                        ClaimedPath(path: "/meta/a", isPrefix: false, policy: "p"),
                    ]
                    : []
            })
        #expect(decide(table, "/meta/a") == "a#1")
        #expect(decide(table, "/meta/b") == "a#0")
        #expect(decide(table, "/metab") == "404")
        #expect(decide(table, "/meta", host: "h") == "a#0")
    }

    @Test func `two claims of one path on one host are an error that names both routes`() throws {
        let routes = [route("first", [.prefix("/1")]), route("second", [.prefix("/2")])]
        let claim = ClaimedPath(path: "/.well-known/x", isPrefix: false, policy: "auth")
        let error = #expect(throws: RouteTableError.self) {
            try RouteTable(routes, claims: { _ in [claim] })
        }
        #expect(error?.description.contains("first") == true)
        #expect(error?.description.contains("second") == true)
        let apart = [
            route("first", [], hosts: ["a"]), route("second", [], hosts: ["b"]),
        ]
        _ = try RouteTable(apart, claims: { _ in [claim] })
    }

    @Test(arguments: ["/%6dcp", "//mcp", "/x/../mcp", "/mcp/.", "/a%2fb", "/a%00", "/a\\b"])
    func `a second spelling of a path is refused`(target: String) throws {
        let table = try RouteTable([route("all", [.prefix("/")])])
        #expect(decide(table, target) == "400")
    }

    @Test func `method, fields and parameters narrow a match, the most specific first`() throws {
        let path = PathMatch.exact("/m")
        let header = ValueMatch(name: "x-a", value: .exact("1"))
        let table = try RouteTable([
            Route(name: "plain", matches: [RouteMatch(path: path)]),
            Route(name: "field", matches: [RouteMatch(path: path, headers: [header])]),
            Route(name: "post", matches: [RouteMatch(path: path, method: "POST")]),
            Route(
                name: "query",
                matches: [
                    RouteMatch(
                        path: path,
                        query: [ValueMatch(name: "q", value: .regex(try LinearRegex("[a-z]+")))])
                ]),
        ])
        #expect(decide(table, "/m") == "plain")
        #expect(decide(table, "/m", method: "POST") == "post")
        #expect(decide(table, "/m", fields: "X-A: 1\r\n") == "field")
        #expect(decide(table, "/m", fields: "X-A: 2\r\nX-A: 1\r\n") == "field")
        #expect(decide(table, "/m", fields: "X-A: 2\r\n") == "plain")
        #expect(decide(table, "/m?q=abc&r=1") == "query")
        #expect(decide(table, "/m?r=1&q=ABC") == "plain")
        #expect(decide(table, "/m?q") == "plain")
    }
}
