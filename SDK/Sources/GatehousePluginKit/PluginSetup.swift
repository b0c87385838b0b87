import CGatehouse
public import GatehouseJSON

/// The configuration was refused; the diagnostics say why.
public struct ConfigurationRejected: Error, Sendable {
    /// An error without content: what is to be said was reported.
    public init() {}
}

/// What an instance is made of. Valid until the initialiser returns, but for ``host``, which an
/// instance keeps.
public struct PluginSetup {
    /// The configuration, validated against the schema; secrets are references.
    public let configuration: JSONValue
    /// Whether this is a check only: nothing but fields and claims may be asked of the host.
    public let isDryRun: Bool
    /// The host's services for the life of the instance.
    public let host: InstanceHost
    /// Where to report what is wrong.
    public let diagnostics: Diagnostics

    /// Asks for a field in every head: ``Head/slot(_:)`` gives it without a search.
    ///
    /// - Returns: the slot; the same name gives the same slot. At most 32 a direction.
    public func wantField(_ name: String, _ direction: Direction) throws(HostError) -> Int {
        guard let call = host.tables.route?.pointee.want_field else { throw .unsupported }
        var slot: UInt32 = 0
        try check(lend(name) { call(host.handle, direction.rawValue, $0, &slot) })
        return Int(slot)
    }

    /// Claims a further path of this route, on its hosts; it beats every configured match there.
    ///
    /// - Returns: the id that ``Head/claim`` has on that path; not 0.
    public func claimPath(_ path: String, isPrefix: Bool = false) throws(HostError) -> UInt32 {
        guard let call = host.tables.route?.pointee.claim_path else { throw .unsupported }
        var claim: UInt32 = 0
        try check(lend(path) { call(host.handle, isPrefix ? 1 : 0, $0, 0, &claim) })
        return claim
    }

    /// Declares a note: a short text that the policy sets for an exchange.
    ///
    /// - Parameter isLogged: whether it is a field of the access record.
    /// - Returns: the note, for ``Exchange/setNote(_:_:)``.
    public func declareNote(_ name: String, isLogged: Bool) throws(HostError) -> UInt32 {
        guard let call = host.tables.route?.pointee.declare_note else { throw .unsupported }
        var note: UInt32 = 0
        try check(lend(name) { call(host.handle, $0, isLogged ? 1 : 0, &note) })
        return note
    }

    /// What the host says of the route: matches, hosts, public URL, upstreams, policies, siblings.
    public func describeRoute() throws(HostError) -> JSONValue {
        guard let call = host.tables.route?.pointee.describe else { throw .unsupported }
        let handle = host.handle
        let bytes = try collect { call(handle, $0) }
        guard let value = try? JSONValue(parsing: bytes) else { throw .internal }
        return value
    }

    /// Finds a provider by its name.
    ///
    /// - Parameter pointer: where its part of this instance's configuration stands, as
    ///   `/provider/example`; its own errors are reported there.
    public func provider(
        _ name: String, configuredAt pointer: JSONPointer
    ) throws(HostError) -> Provider {
        guard let call = host.tables.providers?.pointee.resolve else { throw .unsupported }
        var provider: gh_provider = 0
        let status = lend(name) { name in
            lend(pointer.description) { pointer in
                call(host.handle, name, pointer, diagnostics.raw, &provider)
            }
        }
        try check(status)
        return Provider(handle: provider, tables: host.tables)
    }
}

/// Where a plugin reports what is wrong with its configuration or with a hook's input.
public struct Diagnostics {
    let raw: UnsafePointer<gh_diagnostics>?

    /// Reports an error at a place of the document.
    public func error(_ pointer: JSONPointer, _ message: String, suggestion: String = "") {
        report(1, pointer, message, suggestion)
    }

    /// Reports what works but is probably not meant.
    public func warning(_ pointer: JSONPointer, _ message: String, suggestion: String = "") {
        report(2, pointer, message, suggestion)
    }

    private func report(
        _ severity: UInt32, _ pointer: JSONPointer, _ message: String, _ suggestion: String
    ) {
        guard let raw, let call = raw.pointee.report else { return }
        lend(pointer.description) { pointer in
            lend(message) { message in
                lend(suggestion) { call(raw.pointee.ctx, severity, pointer, message, $0) }
            }
        }
    }
}

/// A provider adapter that was found by name. **Thread:** any.
public struct Provider: Sendable {
    let handle: gh_provider
    let tables: HostTables

    /// Calls a hook, as `rewrite_metadata/0`; at most 256 KiB come back.
    ///
    /// - Parameter diagnostics: where the adapter reports what is wrong with the input.
    /// - Throws: ``HostError/unsupported`` where the caller's default applies.
    public func call(
        _ hook: String, _ input: JSONValue,
        report diagnostics: (_ pointer: String, _ message: String) -> Void = { _, _ in }
    ) throws(HostError) -> JSONValue {
        guard let call = tables.providers?.pointee.call else { throw .unsupported }
        let handle = handle
        let bytes = try reporting(diagnostics) { (raw) throws(HostError) in
            try collect { sink in
                lend(hook) { hook in
                    lend(input.serializedBytes()) { call(handle, hook, $0, sink, raw) }
                }
            }
        }
        let limits = JSONLimits(maxBytes: 256 << 10)
        guard let value = try? JSONValue(parsing: bytes, limits: limits) else { throw .invalid }
        return value
    }
}

/// Lends a closure as C diagnostics for the length of a call.
private func reporting<R>(
    _ report: (String, String) -> Void,
    _ body: (UnsafePointer<gh_diagnostics>) throws(HostError) -> R
) throws(HostError) -> R {
    let outcome = withoutActuallyEscaping(report) { report -> Result<R, HostError> in
        withUnsafePointer(to: report) { context in
            var raw = gh_diagnostics(
                ctx: UnsafeMutableRawPointer(mutating: context),
                report: { context, _, pointer, message, _ in
                    guard let context else { return }
                    let report = context.assumingMemoryBound(to: ((String, String) -> Void).self)
                    report.pointee(
                        String(decoding: BorrowedBytes(pointer), as: UTF8.self),
                        String(decoding: BorrowedBytes(message), as: UTF8.self))
                })
            do throws(HostError) {
                return .success(try body(&raw))
            } catch {
                return .failure(error)
            }
        }
    }
    return try outcome.get()
}
