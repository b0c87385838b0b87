import GatehouseJSON
import NIOHTTP1

@testable import DemoServices

/// Asks a site without a socket.
struct Visitor {
    let site: any Site

    func ask(
        _ method: String, _ target: String, _ headers: [(String, String)] = [], body: String = ""
    ) -> DemoResponse? {
        let bytes = Array(body.utf8)
        let request = DemoRequest(
            method: method, target: target, version: "HTTP/1.1", headers: HTTPHeaders(headers),
            body: bytes, bodyCount: bytes.count, bodyDigest: [])
        switch site.reply(to: request) {
        case .whole(let response): return response
        case .stream(let head, _): return head
        }
    }

    func get(_ target: String, _ headers: [(String, String)] = []) -> DemoResponse? {
        ask("GET", target, headers)
    }

    func post(
        _ target: String, json: JSONValue, _ headers: [(String, String)] = []
    ) -> DemoResponse? {
        ask(
            "POST", target, [("Content-Type", "application/json")] + headers,
            body: json.serialized())
    }

    func post(
        _ target: String, form: [String: String], _ headers: [(String, String)] = []
    ) -> DemoResponse? {
        let body = form.map { "\($0)=\(FormEncoding.encode($1))" }.joined(separator: "&")
        return ask(
            "POST", target, [("Content-Type", "application/x-www-form-urlencoded")] + headers,
            body: body)
    }
}

extension DemoResponse {
    var json: JSONValue { (try? JSONValue(parsing: body)) ?? .null }
    var text: String { String(decoding: body, as: UTF8.self) }
    func header(_ name: String) -> String? {
        headers.first { $0.0.lowercased() == name.lowercased() }?.1
    }
    /// The parameters of the Location's query.
    var locationQuery: [String: String] {
        let text = header("location") ?? ""
        return FormEncoding.parse(String(text.drop { $0 != "?" }.dropFirst()))
    }
}

/// A verifier and its S256 challenge (RFC 7636, appendix B).
enum Example {
    static let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    static let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    static let callback = "http://127.0.0.1:3030/callback"
}
