import CGatehouse
import GatehousePluginHost
import Testing

@Suite("The life of an instance")
struct LifeTests {
    @Test func `diagnostics keep their pointers, and an error refuses the instance`() throws {
        let fixture = try Fixture()
        let policy = fixture.policy("p")
        policy.create = { _, diagnostics, _ in
            guard let table = diagnostics?.pointee else { return Int(GH_INTERNAL) }
            Host.lend("/issuer") { pointer in
                Host.lend("is no URL") { message in
                    Host.lend("https://…") {
                        table.report(
                            table.ctx, UInt32(GH_SEVERITY_ERROR), pointer, message, $0)
                    }
                }
            }
            return Int(GH_INVALID)
        }
        let outcome = fixture.host.create(
            policy.functions, configuration: "{}", route: RouteDescription())
        #expect(outcome.instance == nil)
        #expect(
            outcome.diagnostics == [
                InstanceDiagnostic(
                    isError: true, pointer: "/issuer", message: "is no URL",
                    suggestion: "https://…")
            ])
        #expect(fixture.log.all.isEmpty, "after a failure destroy is not called")
        fixture.shutdown()
    }

    @Test func `a failure without words gets some`() throws {
        let fixture = try Fixture()
        let policy = fixture.policy("p")
        policy.create = { _, _, _ in Int(GH_LIMIT) }
        let outcome = fixture.host.create(
            policy.functions, configuration: "{}", route: RouteDescription())
        #expect(outcome.instance == nil && outcome.diagnostics.map(\.isError) == [true])
        fixture.shutdown()
    }

    @Test func `a dry run declares claims and touches nothing else`() throws {
        let fixture = try Fixture()
        let policy = fixture.policy("p")
        policy.claims = [("/.well-known/x", false), ("/a//b", false), ("/a?b", false), ("a", true)]
        policy.create = { policy, _, isDryRun in
            #expect(isDryRun)
            var operation: gh_operation = 0
            let timer = Host.async.pointee.timer(policy.handle, 0, 1, 1, &operation)
            let ready = Host.base.pointee.ready(policy.handle, 0, gh_str())
            let cached = Host.cache.pointee.put(policy.handle, gh_str(), gh_str(), 1)
            #expect([timer, ready, cached].allSatisfy { $0 == GH_UNSUPPORTED })
            return Int(GH_OK)
        }
        let outcome = fixture.host.create(
            policy.functions, configuration: "{}", route: RouteDescription(), isDryRun: true)
        #expect(outcome.diagnostics.isEmpty)
        #expect(outcome.instance?.claims.map(\.path) == ["/.well-known/x"])
        #expect(fixture.log.all == ["p destroyed"])
        fixture.shutdown()
    }

    @Test func `the route table works inside create only, bounds answer GH_LIMIT`() throws {
        let fixture = try Fixture()
        let policy = fixture.policy("p")
        var answers: [Int] = []
        policy.create = { policy, _, _ in
            var slot: UInt32 = 0
            for index in 0...Limits.wantedFieldsMax {
                answers.append(
                    Int(
                        Host.lend("x-\(index)") {
                            Host.route.pointee.want_field(policy.handle, 0, $0, &slot)
                        }))
            }
            let again = Host.lend("X-3") {
                Host.route.pointee.want_field(policy.handle, 0, $0, &slot)
            }
            #expect(again == GH_OK && slot == 3)
            return Int(GH_OK)
        }
        _ = try fixture.chain([policy])
        #expect(answers.dropLast().allSatisfy { $0 == GH_OK } && answers.last == GH_LIMIT)
        var slot: UInt32 = 0
        let handle = policy.handle
        let late = Host.lend("late") { Host.route.pointee.want_field(handle, 0, $0, &slot) }
        #expect(late == GH_WRONG_THREAD)
        let closed = fixture.host.control.sync {
            var slot: UInt32 = 0
            return Host.lend("late") { Host.route.pointee.want_field(handle, 0, $0, &slot) }
        }
        #expect(closed == GH_INVALID)
        fixture.shutdown()
    }

    @Test func `describe tells matches, siblings and the chain`() throws {
        let fixture = try Fixture()
        let policy = fixture.policy("auth")
        var described = (0, "")
        policy.create = { policy, _, _ in
            described = Host.collect { Host.route.pointee.describe(policy.handle, $0) }
            return Int(GH_OK)
        }
        var route = RouteDescription()
        route.name = "r"
        route.matchesJSON = [#"{"path":{"exact":"/mcp"}}"#]
        route.hosts = ["mcp.example"]
        route.publicURL = "https://mcp.example"
        route.upstreams = ["localhost:3001"]
        route.siblings = ["auth": 2]
        route.policies = [("cors", .cors), ("auth", .authentication)]
        let outcome = fixture.host.create(policy.functions, configuration: "{}", route: route)
        #expect(outcome.instance != nil)
        #expect(described.0 == GH_OK)
        #expect(
            described.1 == #"{"name":"r","matches":[{"path":{"exact":"/mcp"}}],"#
                + #""hosts":["mcp.example"],"publicUrl":"https://mcp.example","#
                + #""upstreams":["localhost:3001"],"siblings":2,"policies":"#
                + #"[{"name":"cors","orderClass":"cors"},"#
                + #"{"name":"auth","orderClass":"authentication"}]}"#)
        fixture.shutdown()
    }

    @Test func `a retired instance ends after the last exchange of its chain`() throws {
        let fixture = try Fixture()
        let policy = fixture.policy("p")
        policy.requestHead = { _ in Int(GH_CONTINUE) }
        let chain = try fixture.chain([policy])
        let run = try fixture.begin(chain, TestOwner())
        _ = run.requestHead()
        fixture.host.retire(fixture.instances, chains: [chain]) { [log = fixture.log] in
            log.add("done")
        }
        fixture.run()
        #expect(fixture.log.all == ["p request", "p retiring"])
        run.end(.complete)
        fixture.run()
        #expect(
            fixture.log.all == [
                "p request", "p retiring", "p ended 0", "p loop_stopped", "p destroyed", "done",
            ])
        #expect(Host.base.pointee.ready(policy.handle, 1, gh_str()) == GH_GONE)
        fixture.shutdown()
    }

    @Test func `two hosts live in one process`() throws {
        let one = try Fixture()
        let two = try Fixture()
        for fixture in [one, two] {
            let policy = fixture.policy("p")
            policy.requestHead = { call in
                _ = call.begin(1)
                return Int(GH_PAUSE)
            }
            policy.resumed = { _ in Int(GH_CONTINUE) }
            let owner = TestOwner()
            let run = try fixture.begin(try fixture.chain([policy]), owner)
            #expect(run.requestHead() == .paused)
            fixture.advance(ms: 1_000)
            #expect(owner.resumed.map(\.step) == [.proceed])
            run.end(.complete)
        }
        #expect(one.loop.number != two.loop.number)
        one.shutdown()
        two.shutdown()
    }
}
