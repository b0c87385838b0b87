import CGatehouse
import GatehousePluginHost
import Synchronization
import Testing

@Suite("Cache, secrets, metrics, providers, log")
struct ServiceTests {
    private func put(_ handle: gh_instance, _ key: String, _ value: String, _ ttl: UInt64) -> Int {
        Int(
            Host.lend(key) { key in
                Host.lend(value) { Host.cache.pointee.put(handle, key, $0, ttl) }
            })
    }

    private func get(_ handle: gh_instance, _ key: String) -> (Int, String) {
        var ttl: UInt64 = 0
        return Host.collect { sink in
            Host.lend(key) { Host.cache.pointee.get(handle, $0, sink, &ttl) }
        }
    }

    @Test func `the cache expires, is namespaced by plugin, and guards against replay`() throws {
        let fixture = try Fixture()
        let a = fixture.policy("a")
        let b = fixture.policy("b")
        _ = try fixture.chain([a, b])
        #expect(put(a.handle, "k", "v", 100) == GH_OK)
        #expect(get(a.handle, "k") == (Int(GH_OK), "v"))
        #expect(get(b.handle, "k").0 == GH_NOT_FOUND)
        let replay = Host.lend("k") {
            Host.cache.pointee.put_if_absent(a.handle, $0, gh_str(), 100)
        }
        #expect(replay == GH_BUSY)
        fixture.advance(ms: 100)
        #expect(get(a.handle, "k").0 == GH_NOT_FOUND)
        #expect(put(a.handle, "k", "w", .max) == GH_OK)
        #expect(get(a.handle, "k").1 == "w")
        #expect(put(12345, "k", "w", 1) == GH_GONE)
        fixture.shutdown()
    }

    @Test func `the cache forgets what was used the longest ago`() throws {
        let fixture = try Fixture()
        let a = fixture.policy("a")
        _ = try fixture.chain([a])
        let value = String(repeating: "x", count: Limits.cacheValueBytesMax)
        #expect(put(a.handle, "big", value + "y", 1_000) == GH_LIMIT)
        let count = Limits.cacheBytesMax / Limits.cacheValueBytesMax
        for index in 0..<count {
            #expect(put(a.handle, "k\(index)", value, 1_000) == GH_OK)
            _ = get(a.handle, "k0")
        }
        #expect(fixture.host.cache.size.bytes <= Limits.cacheBytesMax)
        #expect(get(a.handle, "k0").0 == GH_OK)
        #expect(get(a.handle, "k1").0 == GH_NOT_FOUND)
        fixture.shutdown()
    }

    @Test func `text that equals the name of another's secret opens nothing`() throws {
        let fixture = try Fixture(secrets: ["secret:1": "hush", "secret:2": "other"])
        let policy = fixture.policy("p")
        let outcome = fixture.host.create(
            policy.functions, configuration: #"{"clientSecret":"secret:1","title":"secret:2"}"#,
            route: RouteDescription(), secrets: ["secret:1"])
        #expect(outcome.instance != nil)
        func read(_ reference: String) -> Int {
            Host.collect { sink in
                Host.lend(reference) { Host.secrets.pointee.read(policy.handle, $0, sink) }
            }.0
        }
        #expect(read("secret:1") == GH_OK)
        #expect(read("secret:2") == GH_DENIED)
        fixture.shutdown()
    }

    @Test func `a secret is read by whom its reference was configured, never a provider`() throws {
        let fixture = try Fixture(secrets: ["secret:1": "hush", "secret:2": "other"])
        let policy = fixture.policy("p")
        let provider = fixture.policy("idp", kind: .provider)
        _ = try fixture.chain([policy], configuration: #"{"clientSecret":"secret:1"}"#)
        let made = fixture.host.create(
            provider.functions, configuration: #"{"a":"secret:1"}"#, route: RouteDescription())
        #expect(made.instance != nil)
        func read(_ handle: gh_instance, _ reference: String) -> (Int, String) {
            Host.collect { sink in
                Host.lend(reference) { Host.secrets.pointee.read(handle, $0, sink) }
            }
        }
        #expect(read(policy.handle, "secret:1") == (Int(GH_OK), "hush"))
        #expect(read(policy.handle, "secret:2").0 == GH_DENIED)
        #expect(read(provider.handle, "secret:1").0 == GH_DENIED)
        fixture.shutdown()
    }

    @Test func `metrics add up over loops and other threads, label sets are bounded`() throws {
        let fixture = try Fixture()
        let policy = fixture.policy("p")
        _ = try fixture.chain([policy])
        let metrics = Host.metrics.pointee
        let handle = policy.handle
        var metric: UInt64 = 0
        func define(_ name: String, _ kind: Int = GH_METRIC_COUNTER) -> Int {
            Int(
                Host.lend(name) { name in
                    Host.lend("result") { label in
                        var label = label
                        return metrics.define(
                            handle, UInt32(kind), name, gh_str(), &label, 1, &metric)
                    }
                })
        }
        func series(_ value: String) -> (Int, UInt64) {
            var out: UInt64 = 0
            let status = Host.lend(value) { value in
                var value = value
                return metrics.series(handle, metric, &value, &out)
            }
            return (Int(status), out)
        }
        #expect(define("bad name") == GH_INVALID)
        #expect(define("x", 9) == GH_INVALID)
        #expect(define("tokens_total") == GH_OK)
        #expect(define("tokens_total") == GH_OK, "the same again")
        #expect(define("tokens_total", GH_METRIC_GAUGE) == GH_INVALID)
        #expect(define("tokens_total") == GH_OK)
        let ok = series("ok").1
        metrics.add(handle, ok, 1)
        metrics.add(handle, ok, 2)
        fixture.host.control.sync { Host.metrics.pointee.add(handle, ok, 4) }
        metrics.add(handle, ok, .nan)
        metrics.add(handle, 99_999_999, 1)
        metrics.add(handle, 0, 1)
        let sample = fixture.host.metrics.snapshot().first
        #expect(sample?.name == "p_tokens_total")
        #expect(sample?.sum == 7 && sample?.count == 3)
        #expect(sample?.labels.map(\.name) == ["route", "result"])
        #expect(sample?.labels.last?.value == "ok")
        var refused = 0
        for index in 0..<(Limits.seriesPerMetricMax + 5) where series("\(index)").0 == GH_LIMIT {
            refused += 1
        }
        #expect(refused == 6)
        fixture.loops[0].host.shutdown()
        #expect(fixture.host.metrics.snapshot().first?.sum == 7, "a loop's counts outlive it")
        fixture.shutdown()
    }

    @Test func `a provider is created from its part of the configuration, and called`() throws {
        let provider = TestPolicy("idp", kind: .provider)
        provider.provide = { hook, input, sink in
            switch hook {
            case "metadata/0":
                return Int(
                    Host.lend(input + "!") { sink?.pointee.write(sink?.pointee.ctx, $0) ?? 0 })
            case "huge/0":
                let half = String(repeating: "x", count: Limits.providerOutputBytesMax)
                _ = Host.lend(half) { sink?.pointee.write(sink?.pointee.ctx, $0) ?? 0 }
                _ = Host.lend("y") { sink?.pointee.write(sink?.pointee.ctx, $0) ?? 0 }
                return Int(GH_OK)
            default: return Int(GH_UNSUPPORTED)
            }
        }
        var options = PluginHost.Options()
        let functions = provider.functions
        options.provider = { $0 == "idp" ? functions : nil }
        let fixture = try Fixture(options: options)
        let policy = fixture.policy("p")
        var handle: gh_provider = 0
        var answers: [Int] = []
        policy.create = { policy, diagnostics, _ in
            func resolve(_ name: String, _ pointer: String) -> Int {
                Int(
                    Host.lend(name) { name in
                        Host.lend(pointer) {
                            Host.providers.pointee.resolve(
                                policy.handle, name, $0, diagnostics, &handle)
                        }
                    })
            }
            answers = [resolve("idp", "/provider/idp")]
            return answers == [Int(GH_OK)] ? Int(GH_OK) : Int(GH_INVALID)
        }
        _ = try fixture.chain(
            [policy], configuration: #"{"provider":{"idp":{"realm":"mcp"}}}"#)
        #expect(provider.configuration == #"{"realm":"mcp"}"#)
        func call(_ hook: String) -> (Int, String) {
            Host.collect { sink in
                Host.lend(hook) { hook in
                    Host.lend("in") { Host.providers.pointee.call(handle, hook, $0, sink, nil) }
                }
            }
        }
        #expect(call("metadata/0") == (Int(GH_OK), "in!"))
        #expect(call("other/0").0 == GH_UNSUPPORTED)
        #expect(call("huge/0") == (Int(GH_LIMIT), ""))
        fixture.shutdown()
        #expect(call("metadata/0").0 == GH_GONE)
        #expect(provider.events == ["idp destroyed"])
    }

    @Test func `a dry run asks its provider, which ends with it`() throws {
        let provider = TestPolicy("idp", kind: .provider)
        provider.provide = { _, _, sink in
            Int(Host.lend("yes") { sink?.pointee.write(sink?.pointee.ctx, $0) ?? 0 })
        }
        var options = PluginHost.Options()
        let functions = provider.functions
        options.provider = { $0 == "idp" ? functions : nil }
        let fixture = try Fixture(options: options)
        let policy = fixture.policy("p")
        var answer: (Int, String)?
        policy.create = { policy, diagnostics, _ in
            var handle: gh_provider = 0
            let status = Host.lend("idp") { name in
                Host.lend("/provider/idp") {
                    Host.providers.pointee.resolve(policy.handle, name, $0, diagnostics, &handle)
                }
            }
            answer = Host.collect { sink in
                Host.lend("check/0") { hook in
                    Host.lend("{}") { Host.providers.pointee.call(handle, hook, $0, sink, nil) }
                }
            }
            return Int(status)
        }
        let outcome = fixture.host.create(
            policy.functions, configuration: #"{"provider":{"idp":{}}}"#,
            route: RouteDescription(), isDryRun: true)
        #expect(outcome.diagnostics.isEmpty)
        #expect(answer?.0 == Int(GH_OK) && answer?.1 == "yes")
        #expect(provider.events == ["idp destroyed"])
        fixture.shutdown()
    }

    @Test func `a provider that is not installed is an error at its place`() throws {
        let fixture = try Fixture()
        let policy = fixture.policy("p")
        policy.create = { policy, diagnostics, _ in
            var handle: gh_provider = 0
            return Int(
                Host.lend("nope") { name in
                    Host.lend("/provider/nope") {
                        Host.providers.pointee.resolve(
                            policy.handle, name, $0, diagnostics, &handle)
                    }
                })
        }
        let outcome = fixture.host.create(
            policy.functions, configuration: #"{"provider":{"nope":{}}}"#,
            route: RouteDescription())
        #expect(outcome.instance == nil)
        #expect(outcome.diagnostics.first?.pointer == "/provider/nope")
        fixture.shutdown()
    }

    @Test func `log, clock, random and readiness`() throws {
        let fixture = try Fixture()
        let policy = fixture.policy("p")
        policy.requestHead = { call in
            Host.withFields([("kid", "1")]) { fields, count in
                Host.lend("unknown key") {
                    Host.base.pointee.log(
                        policy.handle, call.x, UInt32(GH_LOG_WARNING), $0, fields, count)
                    Host.base.pointee.log(
                        policy.handle, 0, UInt32(GH_LOG_DEBUG), $0, fields, count)
                }
            }
            return Int(GH_CONTINUE)
        }
        let run = try fixture.begin(try fixture.chain([policy]), TestOwner())
        _ = run.requestHead()
        run.end(.complete)
        let logs = fixture.services.seen.withLock { $0.logs }
        #expect(logs.map(\.message) == ["unknown key"])
        #expect(logs.first?.plugin == "p" && logs.first?.fields.first?.name == "kid")
        let base = Host.base.pointee
        #expect(base.log_enabled(policy.handle, UInt32(GH_LOG_DEBUG)) == 0)
        #expect(base.monotonic_ns(policy.handle) == fixture.clock.monotonicNs())
        #expect(base.unix_ns(policy.handle) == fixture.clock.unixNs())
        var bytes = [UInt8](repeating: 0, count: 64)
        #expect(base.random(policy.handle, &bytes, 64) == GH_OK)
        #expect(Set(bytes).count > 8)
        #expect(base.random(policy.handle, nil, 1) == GH_INVALID)
        _ = Host.lend("no keys") { base.ready(policy.handle, 0, $0) }
        #expect(fixture.instances.first?.isReady == false)
        #expect(fixture.services.seen.withLock { $0.readiness.map(\.reason) } == ["no keys"])
        #expect(fixture.instances.first?.statusJSON() == Array("{}".utf8))
        #expect(HostTables.interface("gatehouse.host.nothing/0") == nil)
        fixture.shutdown()
    }
}
