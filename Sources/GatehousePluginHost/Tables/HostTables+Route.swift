import CGatehouse
import GatehouseJSON

extension HostTables {
    static let route = Immortal(
        gh_host_route(
            want_field: { handle, direction, name, out in
                guard let direction = Direction(rawValue: direction), let out, name.isSound,
                    FieldNames.isName(name.bytes)
                else { return gh_status(GH_INVALID) }
                return HostTables.declare(handle, out) {
                    $0.want(Array(name.bytes), direction)
                }
            },
            claim_path: { handle, match, path, flags, out in
                guard match <= UInt32(GH_MATCH_PREFIX), let out,
                    let path = HostTables.claimable(path)
                else { return gh_status(GH_INVALID) }
                return HostTables.declare(handle, out) {
                    $0.claim(path, isPrefix: match == UInt32(GH_MATCH_PREFIX), flags: flags)
                }
            },
            declare_note: { handle, name, flags, out in
                guard let out, let name = name.strictText(limit: 64), !name.isEmpty else {
                    return gh_status(GH_INVALID)
                }
                return HostTables.declare(handle, out) {
                    $0.note(name, isLogged: flags & UInt32(GH_NOTE_LOGGED) != 0)
                }
            },
            describe: { handle, sink in
                guard let instance = instance(handle) else { return gh_status(GH_GONE) }
                let json = instance.route.json(for: instance.name)
                return lending(json) { Sink.write($0.bytes, to: sink) }
            }))

    /// A declaration inside create(): its number, GH_LIMIT at a bound, GH_INVALID afterwards.
    private static func declare(
        _ handle: gh_instance, _ out: UnsafeMutablePointer<UInt32>,
        _ change: (inout InstanceSetup) -> UInt32?
    ) -> gh_status {
        guard let instance = instance(handle) else { return gh_status(GH_GONE) }
        guard let host = instance.host, host.control.isCurrent else {
            return gh_status(GH_WRONG_THREAD)
        }
        guard let declared = instance.declare(change) else { return gh_status(GH_INVALID) }
        guard let number = declared else { return gh_status(GH_LIMIT) }
        out.pointee = number
        return gh_status(GH_OK)
    }

    /// A path as a route can match it: absolute, visible ASCII, no query, no fragment, no empty or
    /// dot segments (those are refused before routing).
    private static func claimable(_ path: gh_str) -> String? {
        guard let text = path.strictText(), text.hasPrefix("/") else { return nil }
        let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != 0x3f && $0 != 0x23 }
        let segments = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        let isNormal = segments.enumerated().allSatisfy { index, segment in
            segment != "." && segment != ".."
                && (!segment.isEmpty || index == segments.count - 1)
        }
        return isPlain && isNormal ? text : nil
    }
}

extension RouteDescription {
    /// The description as a policy reads it.
    func json(for policy: String) -> String {
        var object = JSONObject()
        object["name"] = .string(name)
        object["matches"] = .array(matchesJSON.compactMap { try? JSONValue(parsing: $0) })
        object["hosts"] = .array(hosts.map { .string($0) })
        object["publicUrl"] = publicURL.map { .string($0) } ?? .null
        object["upstreams"] = .array(upstreams.map { .string($0) })
        object["siblings"] = .number(JSONNumber(Int64(siblings[policy] ?? 0)))
        object["policies"] = .array(
            policies.map { policy in
                var entry = JSONObject()
                entry["name"] = .string(policy.name)
                entry["orderClass"] = .string(policy.orderClass.name)
                return .object(entry)
            })
        return JSONValue.object(object).serialized(.compact)
    }
}
