import NIOCore
import Testing

@testable import GatehouseProxy

@Suite("Overload")
struct OverloadTests {
    private static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    private func isRefusal(_ text: String, _ reason: String) -> Bool {
        text.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n") && text.contains("Retry-After: ")
            && text.contains("application/problem+json")
            && text.contains("\"reason\":\"\(reason)\"")
    }

    @Test func `a connection beyond the bound gets 503 and closes, the others go on (F30)`() throws
    {
        let upstream = try TestUpstream { _ in .send(PlainProxyTests.hello) }
        let proxy = try TestProxy(to: upstream) { $0.connections = ConnectionBudget(1) }
        let first = try proxy.client()
        first.send(Self.get)
        #expect(first.response().hasSuffix("hello"))
        for method in ["GET", "HEAD"] {
            let second = try proxy.client()
            second.send("\(method) / HTTP/1.1\r\nHost: a\r\n\r\n")
            let (text, isClean) = second.readToEnd()
            #expect(text.contains("Connection: close\r\n") && isClean)
            #expect(
                method == "GET" ? isRefusal(text, "tooManyConnections") : text.hasSuffix("\r\n\r\n")
            )
            second.close()
            _ = proxy.sample { $0.connectionsRefused > 0 }
        }
        first.send(Self.get)
        #expect(first.response().hasSuffix("hello"))
        first.close()
        _ = proxy.sample { $0.connectionsOpen == 0 }
        let third = try proxy.client()
        third.send(Self.get)
        #expect(third.response().hasSuffix("hello"))
        #expect(proxy.sample().connectionsRefused == 2)
        upstream.stop()
    }

    @Test func `when not even a refusal fits, accepting pauses, and goes on later`() throws {
        let upstream = try TestUpstream { _ in .send(PlainProxyTests.hello) }
        let proxy = try TestProxy(to: upstream) { $0.connections = ConnectionBudget(1) }
        let served = try proxy.client()
        served.send(Self.get)
        #expect(served.response().hasSuffix("hello"))
        // One more may be told; it holds that place by saying nothing.
        let told = try proxy.client()
        let sample = proxy.sample { $0.acceptPauses > 0 }
        #expect(sample.acceptPauses == 1 && sample.connectionsRefused == 1)
        let waiting = try proxy.client()
        waiting.send(Self.get)
        served.close()
        told.close()
        #expect(waiting.response().hasSuffix("hello"))
        upstream.stop()
    }

    @Test func `a refused connection that says nothing is closed`() throws {
        let proxy = try TestProxy([]) { $0.connections = ConnectionBudget(1) }
        let served = try proxy.client()
        served.send(Self.get)
        #expect(served.response().hasPrefix("HTTP/1.1 404 "))
        let silent = try proxy.client()
        #expect(silent.receive() == [])
    }

    @Test func `exchanges beyond the bound get 503 on a kept connection`() throws {
        let upstream = try TestUpstream {
            $0.head.contains("/hold") ? .hold : .send(PlainProxyTests.hello)
        }
        let proxy = try TestProxy(to: upstream) { $0.limits.exchangesPerLoop = 1 }
        let busy = try proxy.client()
        busy.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
        _ = proxy.sample { $0.exchangesOpen == 1 }
        let client = try proxy.client()
        client.send(Self.get)
        let refused = client.response()
        #expect(isRefusal(refused, "tooManyExchanges") && !refused.contains("Connection: close"))
        busy.close()
        _ = proxy.sample { $0.exchangesOpen == 0 }
        client.send(Self.get)
        #expect(client.response().hasSuffix("hello"))
        upstream.stop()
    }

    @Test func `pressure of memory closes connections, then refuses exchanges (F31)`() throws {
        let upstream = try TestUpstream { _ in .send(PlainProxyTests.hello) }
        let memory = MemoryPressure()
        let proxy = try TestProxy(to: upstream) { $0.memory = memory }
        let (busy, idle) = (try proxy.client(), try proxy.client())
        idle.send(Self.get)
        #expect(!idle.response().contains("Connection: close"))
        memory.level = .closing
        busy.send(Self.get)
        let last = busy.readToEnd()
        #expect(last.text.hasSuffix("hello") && last.text.contains("Connection: close\r\n"))
        #expect(idle.readToEnd().isClean)
        memory.level = .refusing
        let refused = try proxy.client()
        refused.send(Self.get)
        let text = refused.readToEnd().text
        #expect(isRefusal(text, "memoryPressure") && text.contains("Connection: close\r\n"))
        memory.level = .none
        #expect(try proxy.exchange(Self.get).hasSuffix("hello"))
        upstream.stop()
    }

    @Test func `bad input gets a problem with a reason, and nothing of the input`() throws {
        let proxy = try TestProxy([])
        let answer = try proxy.exchange("GET /secret HTTP/1.1\r\nHost : evil\r\n\r\n")
        #expect(answer.contains("Content-Type: application/problem+json\r\n"))
        #expect(answer.contains("Connection: close\r\n"))
        #expect(
            answer.hasSuffix(
                #"{"type":"about:blank","title":"Bad Request","status":400,"reason":"fieldName"}"#
                    + "\n"))
        #expect(!answer.contains("evil") && !answer.contains("secret"))
        let path = try proxy.exchange("GET /%2e%2e/x HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(path.contains("\"reason\":\"ambiguousPath\"") && !path.contains("2e"))
        let client = try proxy.client()
        client.send("HEAD //x HTTP/1.1\r\nHost: a\r\n\r\n" + Self.get)
        #expect(client.response(hasBody: false).hasPrefix("HTTP/1.1 400 "))
        #expect(client.response().hasPrefix("HTTP/1.1 404 "))
    }
}
