import GatehouseHTTP
import NIOCore
import Synchronization
import Testing

@testable import GatehousePluginHost
@testable import GatehouseProxy

/// A proxy whose only route has the scripted policy, and optionally a missing one behind it.
final class PolicyFixture {
    let upstream: TestUpstream
    let proxy: TestProxy
    let host: PluginHost
    let records = RecordedExchanges()

    init(missing: Bool = false, answer: String? = nil) throws {
        upstream = try TestUpstream { request in
            let head = "HTTP/1.1 200 OK\r\nX-Up: 1\r\n"
            let length = "Content-Length: \(request.head.utf8.count)\r\n\r\n"
            return .send(answer ?? head + length + request.head)
        }
        var options = PluginHost.Options()
        options.fetchAllow = ["http://127.0.0.1:\(upstream.port)"]
        host = try PluginHost(services: SilentServices(), options: options)
        let outcome = host.create(
            ScriptedPolicy.functions, configuration: "{}", route: RouteDescription())
        var members: [PolicyChain.Member] = [.instance(try #require(outcome.instance))]
        if missing {
            members.append(.standIn(name: "lost", orderClass: .normal, reason: "not installed"))
        }
        let chain = try PolicyChain(host: host, members: members)
        let route = Route(name: "r", chain: chain, upstreams: [.local(upstream)])
        let (host, records) = (host, records)
        proxy = try TestProxy([route]) {
            $0.pluginHost = host
            $0.observer = { _ in RecordingObserver(records) }
        }
    }

    deinit {
        proxy.server.shutdown()
        host.shutdown()
        upstream.stop()
    }

    func ask(_ what: String, path: String = "/", body: String? = nil) throws -> String {
        let length = body.map { "Content-Length: \($0.utf8.count)\r\n" } ?? ""
        let method = body == nil ? "GET" : "POST"
        let client = try proxy.client()
        client.send(
            "\(method) \(path) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer t\r\nX-Do: \(what)\r\n"
                + "\(length)\r\n\(body ?? "")")
        return client.response()
    }
}

/// What observers saw, over all loops.
final class RecordedExchanges: Sendable {
    private let list = Mutex<[String]>([])
    func add(_ line: String) { list.withLock { $0.append(line) } }
    var all: [String] { list.withLock { $0 } }
}

/// Writes each record as one line.
final class RecordingObserver: ExchangeObserver {
    private let records: RecordedExchanges
    init(_ records: RecordedExchanges) { self.records = records }

    func exchangeEnded(_ record: borrowing AccessRecord) {
        let method = String(decoding: record.method, as: UTF8.self)
        let path = String(decoding: record.path, as: UTF8.self)
        records.add("\(method) \(path) \(record.status) \(record.outcome)")
    }
}

@Suite("Policies in the way of an exchange", .serialized)
struct PolicyTests {
    @Test func `a policy that continues leaves request and response as they are`() throws {
        let answer = try PolicyFixture().ask("nothing")
        #expect(answer.contains("X-Up: 1\r\n") && answer.contains("x-marked: 1\r\n"))
        #expect(answer.contains("Authorization: Bearer t"))
    }

    @Test func `edits of the request reach the upstream`() throws {
        let answer = try PolicyFixture().ask("edit")
        #expect(!answer.contains("Bearer") && answer.contains("x-user: me"))
    }

    @Test func `a policy answers by itself, and the connection is kept behind a body`() throws {
        let fixture = try PolicyFixture()
        let answer = try fixture.ask("respond", body: "abc")
        #expect(answer.hasPrefix("HTTP/1.1 401 Unauthorized\r\n"))
        #expect(answer.hasSuffix("{\"error\":\"x\"}") && !answer.contains("Connection: close"))
        #expect(fixture.upstream.connections.isEmpty)
    }

    @Test func `a pause holds the request and its body, and goes on`() throws {
        let answer = try PolicyFixture().ask("timer", body: "abc")
        #expect(answer.contains("X-Up: 1\r\n") && answer.contains("POST / HTTP/1.1"))
    }

    /// What the client reads to the end, and how the exchange was recorded.
    private func finished(
        _ framing: String, version: String = "1.1"
    ) throws -> (body: String, isClean: Bool, record: String?) {
        let fixture = try PolicyFixture(answer: "HTTP/1.1 200 OK\r\n\(framing)")
        let client = try fixture.proxy.client()
        client.send("GET /s HTTP/\(version)\r\nHost: a\r\nX-Do: finish\r\n\r\n")
        let head = client.response(hasBody: false)
        #expect(head.hasPrefix("HTTP/1.1 200 OK"))
        let (text, isClean) = client.readToEnd()
        return (text, isClean, fixture.records.all.first)
    }

    @Test func `a response that a policy finishes ends cleanly where it can (G112)`() throws {
        let stream = "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n"
        let chunked = try finished(stream)
        #expect(chunked.body == "2\r\nhi\r\n0\r\n\r\n" && chunked.isClean)
        #expect(chunked.record == "GET /s 200 complete")
        let old = try finished(stream, version: "1.0")
        #expect(old.body == "hi" && old.isClean)
        #expect(old.record == "GET /s 200 complete")
        let counted = try finished("Content-Length: 9\r\n\r\nhi")
        #expect(counted.body == "hi")
        #expect(counted.record == "GET /s 200 reset")
    }

    @Test func `a whole body is read, forwarded with its length, and bounded`() throws {
        let fixture = try PolicyFixture()
        #expect(try fixture.ask("whole", body: "abc").contains("Content-Length: 3"))
        let large = String(repeating: "x", count: 2000)
        let refused = try fixture.ask("whole", body: large)
        #expect(refused.hasPrefix("HTTP/1.1 413 "), "\(refused.prefix(100))")
    }

    @Test func `a policy that fails, or whose library is missing, closes the route`() throws {
        let failed = try PolicyFixture().ask("fail")
        #expect(failed.hasPrefix("HTTP/1.1 50"), "\(failed.prefix(40))")
        let lost = try PolicyFixture(missing: true).ask("nothing")
        #expect(lost.hasPrefix("HTTP/1.1 503 ") && lost.contains("x-marked: 1\r\n"))
    }

    @Test func `a claimed path never reaches the upstream`() throws {
        let fixture = try PolicyFixture()
        #expect(try fixture.ask("nothing", path: "/claimed").hasSuffix("claimed"))
        #expect(fixture.upstream.connections.isEmpty)
    }

    @Test func `a streamed response of a policy ends cleanly`() throws {
        let fixture = try PolicyFixture()
        let client = try fixture.proxy.client()
        client.send("GET / HTTP/1.1\r\nHost: a\r\nX-Do: stream\r\n\r\n")
        let text = client.read(through: "0\r\n\r\n")
        #expect(text.contains("Transfer-Encoding: chunked\r\n"))
        #expect(text.contains("one ") && text.contains("two"))
        client.send("GET /claimed HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.response().hasSuffix("claimed"))
    }

    @Test func `a fetch answers, follows its origin's redirects, and is bounded`() throws {
        let target = try TestUpstream { request in
            if request.head.contains("GET /moved ") {
                return .send("HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n")
            }
            let size = request.head.contains("GET /large ") ? 101 : 5
            let body = String(repeating: "b", count: size)
            return .send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n\(body)")
        }
        let fixture = try PolicyFixture()
        let base = "http://127.0.0.1:\(fixture.upstream.port)"
        #expect(try fixture.ask("fetch \(base)/x").contains("0 200 GET /x HTTP/1.1"))
        // The operator's allow list widens what is public; another origin stays refused.
        #expect(try fixture.ask("public \(base)/x").contains("0 200 GET /x HTTP/1.1"))
        let denied = try fixture.ask("public http://127.0.0.1:\(target.port)/ok")
        #expect(denied.contains("refused") || denied.contains("-9 0"), "\(denied)")
        let worker = try TestProxy([])
        for (path, expected) in [("moved", "0 200 5"), ("large", "-5 0 0")] {
            let outcome = fetch("http://127.0.0.1:\(target.port)/\(path)", worker.server)
            let count = outcome.status == 0 ? outcome.body.count : 0
            #expect("\(outcome.status) \(outcome.httpStatus) \(count)" == expected)
        }
        #expect(fetch("https://127.0.0.1/", worker.server, .publicOnly).status == -9)
        #expect(fetch("https://localhost/", worker.server, .publicOnly).status == -9)
        #expect(fetch("http://8.8.8.8/", worker.server, .publicOnly).status == -9)
        target.stop()
        #expect(fetch("https://127.0.0.1:\(target.port)/", worker.server).status == -10)
    }

    private func fetch(
        _ url: String, _ server: ProxyServer, _ reach: FetchReach = .configured
    ) -> FetchOutcome {
        let worker = server.workers[0]
        let failed = FetchOutcome(status: 1, httpStatus: 0, fields: [], body: [])
        guard let parsed = HTTPURL(url) else { return failed }
        let promise = worker.loop.makePromise(of: FetchOutcome.self)
        let request = FetchRequest(
            method: "GET", url: parsed, fields: [], body: [], timeoutMs: 5_000,
            maxResponseBytes: 100, followsSameOriginRedirects: true, reach: reach, plugin: "t")
        worker.loop.execute { _ = worker.fetch(request) { promise.succeed($0) } }
        return (try? promise.futureResult.wait()) ?? failed
    }

    @Test func `every exchange leaves one record, without the query`() throws {
        let fixture = try PolicyFixture()
        _ = try fixture.ask("nothing", path: "/a?secret=1")
        _ = try fixture.ask("respond", path: "/b")
        _ = try fixture.ask("fail", path: "/c")
        let client = try fixture.proxy.client()
        client.send("garbage\r\n\r\n")
        _ = client.readToEnd()
        let seen = fixture.records.all
        #expect(seen.count == 4)
        #expect(seen.contains("GET /a 200 complete") && seen.contains("GET /b 401 complete"))
        #expect(seen.last?.hasSuffix("400 reset") == true)
    }
}
