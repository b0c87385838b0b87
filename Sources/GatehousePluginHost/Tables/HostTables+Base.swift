import CGatehouse

extension HostTables {
    static let base = Immortal(
        gh_host_base(
            log: { handle, x, level, message, fields, count in
                HostTables.log(handle, x, level, message, fields, count)
            },
            log_enabled: { handle, level in
                guard let host = instance(handle)?.host, let level = LogLevel(rawValue: level)
                else { return 0 }
                return host.services.isLogEnabled(level) ? 1 : 0
            },
            monotonic_ns: { handle in
                instance(handle)?.host?.clock.monotonicNs() ?? 0
            },
            unix_ns: { handle in
                instance(handle)?.host?.clock.unixNs() ?? 0
            },
            random: { handle, out, count in
                HostTables.random(handle, out, count)
            },
            ready: { handle, isReady, reason in
                answering { () throws(Refusal) in
                    let (instance, _) = try activeInstance(handle).get()
                    instance.setReady(isReady != 0, reason: reason.text(limit: 1_024))
                    return gh_status(GH_OK)
                }
            }))

    private static func log(
        _ handle: gh_instance, _ x: gh_exchange, _ level: UInt32, _ message: gh_str,
        _ fields: UnsafePointer<gh_field>?, _ count: UInt32
    ) {
        guard let instance = instance(handle), let host = instance.host, message.isSound else {
            return
        }
        let level = LogLevel(rawValue: level) ?? .error
        guard host.services.isLogEnabled(level) else { return }
        var copied: [(name: String, value: String)] = []
        if let fields {
            for index in 0..<min(Int(count), Limits.logFieldsMax) {
                let field = fields[index]
                guard field.name.isSound, field.value.isSound else { continue }
                copied.append(
                    (
                        field.name.text(limit: 256),
                        field.value.text(limit: Limits.logMessageBytesMax)
                    ))
            }
        }
        host.services.log(
            LogRecord(
                level: level, plugin: instance.name, route: instance.route.name,
                exchange: exchangeNumber(x),
                message: message.text(limit: Limits.logMessageBytesMax), fields: copied))
    }

    /// The number of an exchange for the log; 0 elsewhere than on its loop.
    private static func exchangeNumber(_ x: gh_exchange) -> UInt64 {
        let handle = Handle(raw: x)
        guard let domain = HandleDomain.of(handle), domain.isOnThread else { return 0 }
        return domain.loopOnThread?.run(handle)?.view.number ?? 0
    }

    private static func random(
        _ handle: gh_instance, _ out: UnsafeMutableRawPointer?, _ count: Int
    ) -> gh_status {
        guard instance(handle) != nil else { return gh_status(GH_GONE) }
        guard let out, count >= 0, count <= 1 << 20 else {
            return gh_status(count == 0 ? GH_OK : GH_INVALID)
        }
        // The system's generator is that of getrandom(2).
        var generator = SystemRandomNumberGenerator()
        let bytes = UnsafeMutableRawBufferPointer(start: out, count: count)
        for index in bytes.indices { bytes[index] = generator.next() }
        return gh_status(GH_OK)
    }
}
