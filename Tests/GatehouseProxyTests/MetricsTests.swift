import GatehouseHTTP
import Synchronization
import Testing

@testable import GatehouseProxy

@Suite("What the server counts")
struct MetricsTests {
    /// Counts the records of all loops.
    final class RecordCount: ExchangeObserver, Sendable {
        let count = Atomic(0)
        func exchangeEnded(_ record: borrowing AccessRecord) {
            count.add(1, ordering: .sequentiallyConsistent)
        }
    }

    /// A request, how it is counted, and whether the client waits for an answer.
    struct Case: Sendable, CustomTestStringConvertible {
        var request: String
        var route = "(none)"
        var status = 4
        var outcome = ExchangeOutcome.complete
        var cause = Cause.none
        var fault: HTTPFault.Reason?
        var testDescription: String { "\(cause) \(status)" }
    }

    static let cases = [
        Case(request: "GET /ok HTTP/1.1\r\nHost: a\r\n\r\n", route: "ok", status: 2),
        Case(request: "GET /none HTTP/1.1\r\nHost: a\r\n\r\n", cause: .noRoute),
        Case(request: "GET //ok HTTP/1.1\r\nHost: a\r\n\r\n", cause: .ambiguousPath),
        Case(
            request: "GET /ok HTTP/1.1\r\n\r\n", outcome: .reset, cause: .malformedRequest,
            fault: .host),
        Case(
            request: "GET /dead HTTP/1.1\r\nHost: a\r\n\r\n", route: "dead", status: 5,
            outcome: .upstreamFailed, cause: .upstreamRefused),
        Case(
            request: "GET /garbage HTTP/1.1\r\nHost: a\r\n\r\n", route: "garbage", status: 5,
            outcome: .upstreamFailed, cause: .malformedResponse, fault: .startLine),
        Case(
            request: "GET /short HTTP/1.1\r\nHost: a\r\n\r\n", route: "short", status: 2,
            outcome: .upstreamFailed, cause: .upstreamTruncated),
        Case(
            request: "POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n123456789",
            route: "small", cause: .bodyTooLarge),
        Case(
            request: "POST /ok HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
            outcome: .reset, cause: .malformedRequest, fault: .chunkSize),
        Case(request: "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", status: 2),
    ]

    /// An upstream whose answers the paths name, and the routes to it.
    private func routes(_ upstream: TestUpstream) throws -> [Route] {
        let gone = try TestUpstream { _ in .close }
        gone.stop()
        return ["ok", "garbage", "short", "small", "dead"].map { name in
            Route(
                name: name, matches: [RouteMatch(path: .exact("/\(name)"))],
                upstreams: [.local(name == "dead" ? gone : upstream)],
                bodyBytesMax: name == "small" ? 4 : nil)
        }
    }

    static func upstream() throws -> TestUpstream {
        try TestUpstream { request in
            let path = request.head.split(separator: " ").dropFirst().first ?? ""
            return switch path {
            case "/garbage": .sendAndClose("garbage\r\n\r\n")
            case "/short": .sendAndClose("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
            default: .send(PlainProxyTests.hello)
            }
        }
    }

    @Test(arguments: cases)
    func `one exchange is one record and one count on every exit`(_ test: Case) throws {
        let upstream = try Self.upstream()
        let records = RecordCount()
        let proxy = try TestProxy(try routes(upstream)) { $0.observer = { _ in records } }
        let client = try proxy.client()
        client.send(test.request)
        _ = client.response()
        client.close()
        let sample = proxy.sample { $0.connectionsOpen == 0 }
        #expect(records.count.load(ordering: .sequentiallyConsistent) == 1)
        #expect(sample.outcomes.filter { $0.1 > 0 }.map(\.0) == [test.outcome])
        #expect(
            sample.causes.filter { $0.1 > 0 }.map(\.0) == (test.cause == .none ? [] : [test.cause]))
        let counted = sample.routes.filter { $0.count > 0 }
        #expect(counted.map(\.name) == [test.route])
        #expect(counted.first?.responses[test.status] == 1)
        #expect(counted.first?.buckets.reduce(0, +) == 1)
        let faults = (sample.requestFaults + sample.responseFaults).filter { $0.1 > 0 }
        #expect(faults.map(\.0) == (test.fault.map { [$0] } ?? []))
        #expect(sample.exchangesOpen == 0)
        #expect(sample.connectionsAccepted == 1)
        upstream.stop()
    }

    @Test func `every duration has the bucket whose bound is the first that is not below`() {
        for (at, bound) in CounterLayout.durationBoundsNs.enumerated() {
            #expect(CounterLayout.durationBucket(bound) == CounterLayout.durationBuckets + at)
            #expect(
                CounterLayout.durationBucket(bound + 1) == CounterLayout.durationBuckets + at + 1)
        }
        #expect(CounterLayout.durationBucket(0) == CounterLayout.durationBuckets)
        let last = CounterLayout.durationBucket(.max)
        #expect(last == CounterLayout.durationSumNs - 1)
    }

    @Test func `pools are counted by upstream, and fetches together`() throws {
        let upstream = try Self.upstream()
        let proxy = try TestProxy(to: upstream)
        let client = try proxy.client()
        client.send("GET /ok HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(client.response().hasSuffix("hello"))
        let sample = proxy.sample { $0.upstreams.last?.idle == 1 }
        #expect(sample.upstreams.map(\.name) == ["(fetch)", "127.0.0.1:\(upstream.port)"])
        let own = try #require(sample.upstreams.last)
        #expect(own.connects == 1 && own.idle == 1 && own.active == 0 && own.pending == 0)
        #expect(sample.connectionsOpen == 1)
        upstream.stop()
    }
}

extension TestProxy {
    /// What was counted, as soon as it is so; what it is like after ten seconds if it never is.
    func sample(when isSo: (ServerSample) -> Bool = { _ in true }) -> ServerSample {
        let end = ContinuousClock.now + .seconds(10)
        while true {
            server.clockAdvanced()
            let sample = server.sample()
            if isSo(sample) || ContinuousClock.now > end { return sample }
        }
    }
}
