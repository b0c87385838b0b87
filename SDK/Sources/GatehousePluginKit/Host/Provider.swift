internal import CGatehouse
public import GatehouseJSON

/// A provider adapter, as a policy calls it.
public struct Provider: @unchecked Sendable {
    let tables: UnsafePointer<HostTables>
    let handle: gh_provider

    /// Calls a hook, `name/revision`. [any]; the answer has at most 256 KiB.
    ///
    /// - Throws: ``HookFailure``, with status `unsupported` where the policy's default applies.
    public func call(
        _ hook: String, _ input: JSONValue
    ) throws(HookFailure) -> JSONValue {
        guard let call = tables.pointee.providers?.pointee.call else {
            throw HookFailure(error: .unsupported)
        }
        let collector = DiagnosticCollector()
        let output: [UInt8]
        do throws(HostError) {
            output = try collecting(atMost: 1 << 18) { sink in
                collector.lent { diagnostics in
                    borrowing(hook) { hook in
                        borrowing(input.serializedBytes(.compact)) {
                            call(handle, hook, $0, sink, diagnostics)
                        }
                    }
                }
            }
        } catch {
            throw HookFailure(error: error, diagnostics: collector.found)
        }
        do throws(JSONError) {
            return try JSONValue(parsing: output)
        } catch {
            throw HookFailure(
                error: .invalid, diagnostics: [.error(JSONPointer(), "\(hook): \(error)")])
        }
    }
}

/// Why a hook gave no answer.
public struct HookFailure: Error, Sendable {
    /// The status.
    public let error: HostError
    /// What the adapter said about its input.
    public let diagnostics: [Diagnostic]

    /// A failure.
    public init(error: HostError, diagnostics: [Diagnostic] = []) {
        self.error = error
        self.diagnostics = diagnostics
    }

    /// A hook that the adapter does not know.
    public static let unsupported = HookFailure(error: .unsupported)

    /// An input that the adapter cannot work with.
    public static func invalid(_ pointer: JSONPointer, _ message: String) -> HookFailure {
        HookFailure(error: .invalid, diagnostics: [.error(pointer, message)])
    }
}

extension Host {
    /// Finds the provider of that name and makes its instance. [control], while created.
    ///
    /// - Parameter pointer: the provider's part of this instance's configuration
    ///   (`/provider/NAME`), so that its errors keep their place.
    /// - Throws: `notFound` without such a plugin, `invalid` after errors were reported.
    public func resolveProvider(
        _ name: String, at pointer: JSONPointer, _ diagnostics: Diagnostics
    ) throws(HostError) -> Provider {
        guard let resolve = tables.pointee.providers?.pointee.resolve else { throw .unsupported }
        var provider: gh_provider = 0
        let status = borrowing(name) { name in
            borrowing(pointer.description) {
                resolve(instance, name, $0, diagnostics.pointer, &provider)
            }
        }
        try HostError.check(status)
        return Provider(tables: tables, handle: provider)
    }
}
