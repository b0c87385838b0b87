import GatehouseHTTP
import GatehouseRegex
import Testing

@testable import GatehouseProxy

/// The targets of the corpus against a route table: the raw form is never routed otherwise than
/// the form that a server behind may read (docs/life-of-a-request.md, step 3).
@Suite("The fuzzer's corpus: routing")
struct RoutingTests {
    @Test func `a path is routed as its other reading, or refused`() throws {
        let table = try RouteTable([
            route("mcp", .prefix("/mcp")), route("deep", .prefix("/a/b")),
            route("exact", .exact("/x")), route("regex", .regex(LinearRegex("/[0-9]+/.*"))),
        ])
        var routed = 0
        for input in try Corpus.inputs(of: "target") + mutations() {
            let path = Array(input.bytes.prefix { $0 != 0x3F })
            guard let raw = decide(table, path) else { continue }
            let sloppy = path.withUnsafeBytes(TargetFuzz.sloppy)
            #expect(decide(table, sloppy) == raw, "\(String(decoding: path, as: UTF8.self))")
            routed += raw == "404" ? 0 : 1
        }
        #expect(routed >= 4, "\(routed) paths have a route")
    }

    /// Spellings of the routes' own paths.
    private func mutations() -> [(name: String, bytes: [UInt8])] {
        [
            "/mcp", "/%6dcp", "//mcp", "/x/../mcp", "/mcp/", "/mcp/%2e%2e/x", "/a/./b", "/a%2fb",
            "/a/b/c", "/x", "/x/", "/7/8", "/x;/../mcp", "/..;/mcp", "/m%63p", "/a\\b", "/%c3%a9",
        ].map { ($0, Array($0.utf8)) }
    }

    /// The route's name, `404`, or nil where the path is refused.
    private func decide(_ table: RouteTable, _ path: [UInt8]) -> String? {
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        return path.withUnsafeBytes { path in
            let request = RouteRequest(
                method: nothing, query: nothing, fields: FieldIndex(), bytes: nothing)
            switch table.decide(host: nothing, path: path, request) {
            case .route(let route, _): return route.name
            case .notFound: return "404"
            case .refused: return nil
            }
        }
    }

    private func route(_ name: String, _ path: PathMatch) -> Route {
        Route(name: name, matches: [RouteMatch(path: path)])
    }
}
