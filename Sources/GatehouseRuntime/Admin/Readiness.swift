import GatehouseJSON
import GatehousePluginHost
import Synchronization

/// Whether the gateway can do its work, and why not. **Thread:** any.
final class Readiness: Sendable {
    /// One thing that is not ready.
    struct Reason: Hashable, Sendable {
        /// From a closed list: `draining`, `plugin`, `listener`, `loop`, `memory`.
        var code: String
        /// The plugin that says so; empty: none.
        var plugin = ""
        /// The route that it belongs to; empty: none.
        var route = ""
        /// One sentence; empty: none.
        var detail = ""

        var json: JSONValue {
            var object: JSONObject = ["reason": .string(code)]
            if !plugin.isEmpty { object["plugin"] = .string(plugin) }
            if !route.isEmpty { object["route"] = .string(route) }
            if !detail.isEmpty { object["detail"] = .string(detail) }
            return .object(object)
        }
    }

    /// What a plugin's instance said of itself.
    struct PluginState: Sendable {
        var name: String
        var route: String
        var isReady: Bool
        var reason: String
    }

    private struct State {
        var plugins: [ObjectIdentifier: PluginState] = [:]
        var order: [ObjectIdentifier] = []
        var isDraining = false
    }

    private let state = Mutex(State())

    /// An instance of a plugin has changed its mind about itself.
    func changed(_ instance: PluginInstance, isReady: Bool, reason: String) {
        let key = ObjectIdentifier(instance)
        state.withLock { state in
            if state.plugins[key] == nil { state.order.append(key) }
            state.plugins[key] = PluginState(
                name: instance.name, route: instance.route.name, isReady: isReady, reason: reason)
        }
    }

    /// The gateway takes no further connections.
    func beginDrain() { state.withLock { $0.isDraining = true } }

    /// Whether it drains.
    var isDraining: Bool { state.withLock { $0.isDraining } }

    /// The instances that have spoken about themselves, in the order of their first word.
    var plugins: [PluginState] {
        state.withLock { state in state.order.compactMap { state.plugins[$0] } }
    }

    /// What is not ready by what is known here.
    var reasons: [Reason] {
        let draining = isDraining ? [Reason(code: "draining")] : []
        return draining
            + plugins.filter { !$0.isReady }.map {
                Reason(code: "plugin", plugin: $0.name, route: $0.route, detail: $0.reason)
            }
    }
}
