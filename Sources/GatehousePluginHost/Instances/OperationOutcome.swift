import CGatehouse
import Synchronization

/// What an operation ended with, copied out of whoever completed it.
struct OperationOutcome: Sendable {
    var status: Int32
    var httpStatus: UInt32 = 0
    var fields: [FetchField] = []
    var body: [UInt8] = []

    init(status: Int32, body: [UInt8] = []) {
        self.status = status
        self.body = body
    }

    init(_ fetch: FetchOutcome) {
        status = fetch.status
        httpStatus = fetch.httpStatus
        fields = fetch.fields
        body = fetch.body
    }

    /// Lends the outcome as the ABI's argument, for the time of the call.
    func lend<R>(phase: UInt32, _ body: (UnsafePointer<gh_result>) -> R) -> R {
        self.body.withUnsafeBytes { bytes in
            withFields { fields, count in
                var result = gh_result()
                result.struct_size = UInt32(MemoryLayout<gh_result>.size)
                result.status = status
                result.phase = phase
                result.http_status = httpStatus
                result.field_count = count
                result.fields = fields
                result.body = gh_str(bytes)
                return withUnsafePointer(to: &result, body)
            }
        }
    }

    private func withFields<R>(_ body: (UnsafePointer<gh_field>?, UInt32) -> R) -> R {
        guard !fields.isEmpty else { return body(nil, 0) }
        var bytes: [UInt8] = []
        var spans: [(name: Int, value: Int, end: Int)] = []
        for field in fields {
            let start = bytes.count
            bytes += field.name
            let middle = bytes.count
            bytes += field.value
            spans.append((start, middle, bytes.count))
        }
        return bytes.withUnsafeBytes { raw in
            let lent = spans.map { span in
                gh_field(
                    name: gh_str(UnsafeRawBufferPointer(rebasing: raw[span.name..<span.value])),
                    value: gh_str(UnsafeRawBufferPointer(rebasing: raw[span.value..<span.end])))
            }
            return lent.withUnsafeBufferPointer { body($0.baseAddress, UInt32($0.count)) }
        }
    }
}

/// One payload on its way to every loop; when the last has delivered it, `done` runs.
final class Broadcast: Sendable {
    let instance: PluginInstance
    let token: UInt64
    let payload: [UInt8]
    private let left: Atomic<Int>
    private let done: @Sendable () -> Void

    init(
        instance: PluginInstance, token: UInt64, payload: [UInt8], loops: Int,
        done: @escaping @Sendable () -> Void
    ) {
        self.instance = instance
        self.token = token
        self.payload = payload
        self.done = done
        left = Atomic(loops)
    }

    /// One loop has delivered it, or will never.
    func delivered() {
        if left.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { done() }
    }
}

/// Runs an action when the last of several has reported.
final class Countdown: Sendable {
    private let left: Atomic<Int>
    private let failed = Atomic<Bool>(false)
    private let done: @Sendable (Bool) -> Void

    /// `done` is told whether every report was good; with `count` 0 it runs at once.
    init(_ count: Int, done: @escaping @Sendable (Bool) -> Void) {
        left = Atomic(count)
        self.done = done
        if count == 0 { done(true) }
    }

    func report(_ isGood: Bool) {
        if !isGood { failed.store(true, ordering: .relaxed) }
        if left.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 {
            done(!failed.load(ordering: .relaxed))
        }
    }
}
