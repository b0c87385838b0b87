import CGatehouse
import GatehouseJSON
import GatehousePluginKit
import Testing

/// A policy that answers what its configuration says.
private final class Answering: PolicyPlugin {
    static let manifest = PluginManifest(
        id: "test.answering", version: "1", kind: .policy, name: "answering",
        orderClass: .authentication, license: "Apache-2.0", summary: "For tests.")
    static let configurationSchema = #"{"type":"object"}"#
    static let phases: PolicyPhases = [.requestHead, .ended]

    final class Loop {
        var heads = 0
        var ends: [EndReason] = []
    }

    let action: Action

    init(_ context: CreationContext) throws(ConfigurationRefused) {
        guard let raw = context.configuration["action"]?.intValue,
            let action = Action(rawValue: UInt32(raw))
        else {
            context.diagnostics.report(.error(JSONPointer().appending("action"), "none"))
            throw ConfigurationRefused()
        }
        self.action = action
    }

    func loopStarted(_ loop: UInt32) throws(HostError) -> Loop {
        if loop == 7 { throw .limit }
        return Loop()
    }

    func requestHead(
        _ loop: Loop, _ exchange: Exchange, _ head: MessageHead, _ state: inout ExchangeState
    ) -> Action {
        loop.heads += 1
        state.bits += 5
        return action
    }

    func ended(
        _ loop: Loop, _ exchange: Exchange, _ reason: EndReason, _ state: inout ExchangeState
    ) {
        loop.ends.append(reason)
    }

    func status() -> JSONValue? { ["action": .number(JSONNumber(Int64(action.rawValue)))] }
}

/// An adapter with one hook.
private final class Echo: ProviderPlugin {
    static let manifest = PluginManifest(
        id: "test.echo", version: "1", kind: .provider, name: "echo", hooks: ["echo/0"],
        license: "Apache-2.0", summary: "For tests.")
    static let configurationSchema = "{}"

    init(_ context: CreationContext) throws(ConfigurationRefused) {}

    func call(_ hook: String, _ input: JSONValue) throws(HookFailure) -> JSONValue {
        guard hook == "echo/0" else { throw .unsupported }
        guard !input.isNull else { throw .invalid(JSONPointer(), "null") }
        return input
    }
}

@Suite("A library behind the C tables")
struct LibraryTests {
    private func entered() -> gh_library {
        var host = gh_host()
        host.struct_size = UInt32(MemoryLayout<gh_host>.size)
        host.get_interface = { _, _ in nil }
        var library = gh_library()
        library.struct_size = UInt32(MemoryLayout<gh_library>.size)
        let status = PluginLibrary.enter(
            &host, &library, offering: [.policy(Answering.self), .provider(Echo.self)])
        #expect(status == 0)
        return library
    }

    private func table<Table>(_ library: gh_library, _ index: UInt32, _ id: String) -> Table? {
        library.get_interface(library.ctx, index, id)?
            .assumingMemoryBound(to: Table.self).pointee
    }

    private func create(
        _ library: gh_library, _ index: UInt32, _ configuration: StaticString
    ) -> (gh_status, UnsafeMutableRawPointer?) {
        guard let plugin: gh_plugin = table(library, index, GH_IFACE_PLUGIN) else {
            return (1, nil)
        }
        var instance: UnsafeMutableRawPointer?
        let text = gh_str(
            ptr: UnsafeRawPointer(configuration.utf8Start).assumingMemoryBound(to: CChar.self),
            len: configuration.utf8CodeUnitCount)
        let status = plugin.create(library.ctx, index, 1, text, 0, nil, &instance)
        return (status, instance)
    }

    @Test func `manifests and interfaces are answered by index`() throws {
        let library = entered()
        #expect(library.plugin_count == 2)
        let text = library.manifest(library.ctx, 0)
        let manifest = try JSONValue(
            parsing: UnsafeRawBufferPointer(start: text.ptr, count: Int(text.len)))
        #expect(manifest["name"] == "answering")
        #expect(manifest["orderClass"] == "authentication")
        #expect(library.manifest(library.ctx, 2).ptr == nil)
        let none: gh_policy? = table(library, 1, GH_IFACE_POLICY)
        #expect(none == nil)
        let unknown: gh_policy? = table(library, 0, "gatehouse.policy/99")
        #expect(unknown == nil)
        let policy: gh_policy? = table(library, 0, GH_IFACE_POLICY)
        #expect(policy?.request_head != nil)
        #expect(policy?.request_body == nil)
    }

    @Test(arguments: [0, 2, 3, 4] as [UInt32])
    func `a policy answers through its table`(action: UInt32) throws {
        let library = entered()
        let documents: [UInt32: StaticString] = [
            0: #"{"action":0}"#, 2: #"{"action":2}"#, 3: #"{"action":3}"#, 4: #"{"action":4}"#,
        ]
        let (status, instance) = create(library, 0, documents[action] ?? "")
        #expect(status == 0)
        let policy: gh_policy = try #require(table(library, 0, GH_IFACE_POLICY))
        let plugin: gh_plugin = try #require(table(library, 0, GH_IFACE_PLUGIN))
        var loop: UnsafeMutableRawPointer?
        #expect(policy.loop_started(instance, 0, &loop) == 0)
        var head = gh_head()
        var state: UnsafeMutableRawPointer?
        #expect(policy.request_head(instance, loop, 9, &head, &state) == action)
        #expect(policy.request_head(instance, loop, 9, &head, &state) == action)
        #expect(UInt(bitPattern: state) == 10)
        policy.ended(instance, loop, 9, 1, state)
        policy.ended(instance, loop, 9, 77, state)
        let kept = try #require(loop)
        Unmanaged<Answering.Loop>.fromOpaque(kept)._withUnsafeGuaranteedRef {
            #expect($0.heads == 2)
            #expect($0.ends == [.clientGone, .other])
        }
        policy.loop_stopped(instance, loop)
        var refused: UnsafeMutableRawPointer?
        #expect(policy.loop_started(instance, 7, &refused) == GH_LIMIT)
        plugin.destroy(instance)
    }

    @Test func `a refused configuration makes no instance`() {
        let library = entered()
        let (status, instance) = create(library, 0, "{}")
        #expect(status == GH_INVALID)
        #expect(instance == nil)
        #expect(create(library, 0, "{").0 == GH_INVALID)
        #expect(create(library, 5, "{}").0 != GH_OK)
    }

    @Test func `a smaller host is refused`() {
        var host = gh_host()
        host.struct_size = 8
        var library = gh_library()
        library.struct_size = UInt32(MemoryLayout<gh_library>.size)
        #expect(PluginLibrary.enter(&host, &library, offering: []) == GH_INCOMPATIBLE)
        #expect(PluginLibrary.enter(nil, &library, offering: []) == GH_INVALID)
    }

    @Test func `borrowed bytes compare`() {
        let bytes = BorrowedBytes("Bearer x")
        #expect(bytes.slice(0..<6).equalsIgnoringCase(BorrowedBytes("bEARER")))
        #expect(!bytes.equals("bearer x"))
        #expect(bytes.text == "Bearer x")
        #expect(Array(bytes) == bytes.array)
        #expect(bytes.firstIndex(of: UInt8(ascii: "x")) == 7)
    }
}
