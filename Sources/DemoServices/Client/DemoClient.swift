/// A web page that is an MCP client: it knows one URL and finds, registers, authorizes and calls by
/// itself. What it did and what it got stands on the page. The server only hands out its files.
final class DemoClient: Site {
    private let target: String

    /// `target`: the URL of the MCP server that the page begins with.
    init(target: String) { self.target = target }

    func reply(to request: DemoRequest) -> Reply {
        .whole(response(to: request))
    }

    private func response(to request: DemoRequest) -> DemoResponse {
        guard request.method == "GET" else { return .text("Method Not Allowed", status: 405) }
        switch request.path {
        case "/", "/callback": return page
        case "/client.js": return file(DemoClientFiles.script, type: "text/javascript")
        case "/client.css": return file(DemoClientFiles.style, type: "text/css")
        default: return .text("Not Found", status: 404)
        }
    }

    private var page: DemoResponse {
        let parts = DemoClientFiles.page.split(
            separator: "{target}", omittingEmptySubsequences: false)
        let text = parts.joined(separator: escapedHTML(target))
        var page = file(text, type: "text/html")
        // The gateway may be of any origin; scripts and styles are this server's own.
        let policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src *"
        page.headers += [
            ("Content-Security-Policy", policy + "; frame-ancestors 'none'; base-uri 'none'"),
            ("Referrer-Policy", "no-referrer"),
        ]
        return page
    }

    private func file(_ text: String, type: String) -> DemoResponse {
        DemoResponse(
            status: 200,
            headers: [("Content-Type", type + "; charset=utf-8"), ("Cache-Control", "no-store")],
            body: Array(text.utf8))
    }
}
