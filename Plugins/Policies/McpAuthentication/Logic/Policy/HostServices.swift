import GatehousePluginKit
import Glibc

/// The host, as the keeper of one instance sees it. **Thread:** [control].
final class HostServices: KeeperServices {
    private let host: Host
    private let measures: Measures
    /// What was last said of the key set: seconds since 1970, and its usable keys.
    private var keys = (seconds: 0.0, count: 0)

    init(_ host: Host, _ measures: Measures) {
        self.host = host
        self.measures = measures
    }

    var now: Int64 { Int64(clamping: host.monotonicNanoseconds / 1_000_000) }

    func fraction() -> Double {
        guard let bytes = try? host.random(2), bytes.count == 2 else { return 0.5 }
        return Double(UInt16(bytes[0]) << 8 | UInt16(bytes[1])) / 65_535
    }

    func fetch(_ plan: FetchPlan, for purpose: KeeperPurpose) -> FetchStart {
        do throws(HostError) {
            try host.fetch(plan.request, token: purpose.rawValue)
            return .begun
        } catch {
            return error == .denied ? .denied : .failed("the fetch could not begin: \(error)")
        }
    }

    func wake(_ purpose: KeeperPurpose, after: Int64) {
        let milliseconds = UInt32(clamping: max(1, min(after, 86_400_000)))
        do throws(HostError) {
            try host.timer(token: purpose.timerToken, afterMilliseconds: milliseconds)
        } catch {
            host.log(.error, "the key set is not refreshed any more: no timer: \(error)")
        }
    }

    func broadcast(_ notice: LoopNotice) {
        do throws(HostError) {
            try host.broadcast(token: notice.token, payload: notice.payload)
        } catch {
            host.log(.error, "the loops could not be told: \(error)")
        }
    }

    func settle(_ topic: WaitTopic) {
        // Nobody may be waiting, which is no failure.
        try? host.settle(key: topic.rawValue)
    }

    func log(_ level: LogLevel, _ message: String) {
        switch level {
        case .debug: host.log(.debug, message)
        case .info: host.log(.info, message)
        case .warning: host.log(.warning, message)
        case .error: host.log(.error, message)
        }
    }

    func report(isReady: Bool, reason: String) { host.setReady(isReady, reason: reason) }

    func keysConfirmed(_ count: Int?) {
        say((Double(host.unixNanoseconds / 1_000_000_000), count ?? keys.count))
    }

    func keysDropped() { say((0, 0)) }

    func keysFailed() { measures.countKeysFailure() }

    private func say(_ now: (seconds: Double, count: Int)) {
        measures.addKeys(seconds: now.seconds - keys.seconds, count: now.count - keys.count)
        keys = now
    }

    func contents(of path: String) -> [UInt8]? { FileContents.read(path, limit: 512 * 1024) }

    func cached(_ key: String) -> [UInt8]? { try? host.cached(key).value }

    func cache(_ key: String, _ value: [UInt8], milliseconds: Int64) {
        try? host.cache(value, as: key, milliseconds: UInt64(clamping: max(1, milliseconds)))
    }

    func cacheIfAbsent(_ key: String, _ value: [UInt8], milliseconds: Int64) -> Bool {
        // Without a cache nobody shares: this instance fetches for itself.
        (try? host.cacheIfAbsent(value, as: key, milliseconds: UInt64(clamping: milliseconds)))
            ?? true
    }
}

extension KeeperPurpose {
    /// Fetches and timers of one purpose are told apart by this bit.
    private static let timerBit: UInt64 = 1 << 32

    /// The token of a timer.
    var timerToken: UInt64 { rawValue | Self.timerBit }

    /// The purpose of a token, and whether it was a timer's.
    static func of(token: UInt64) -> (purpose: KeeperPurpose, isTimer: Bool)? {
        KeeperPurpose(rawValue: token & ~timerBit).map { ($0, token & timerBit != 0) }
    }
}

extension FetchPlan {
    /// The plan in the host's words.
    var request: FetchRequest {
        var request = FetchRequest(url: url)
        request.method = method
        request.fields = fields
        request.body = body
        request.timeoutMilliseconds = timeout
        request.maxResponseBytes = UInt64(clamping: maximumBytes)
        request.reach = reaches.first == .publicOnly ? .public : .configured
        return request
    }
}

extension OperationResult {
    /// A fetch's result in this policy's words.
    var answer: FetchedAnswer {
        if let error {
            let detail = String(decoding: body.prefix(200), as: UTF8.self)
            return FetchedAnswer(
                status: 0, failure: detail.isEmpty ? "\(error)" : "\(error): \(detail)")
        }
        var fields: [(name: String, value: String)] = []
        for name in ["content-type", "cache-control", "content-encoding", "www-authenticate"] {
            if let value = named(name) { fields.append((name, value)) }
        }
        return FetchedAnswer(status: Int(httpStatus), fields: fields, body: body.array)
    }

    private func named(_ name: String) -> String? {
        switch name {
        case "content-type": field("content-type")?.text
        case "cache-control": field("cache-control")?.text
        case "content-encoding": field("content-encoding")?.text
        default: field("www-authenticate")?.text
        }
    }
}

/// Files, without Foundation.
enum FileContents {
    /// The bytes of a regular file of at most `limit` bytes; `nil` otherwise.
    static func read(_ path: String, limit: Int) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var result: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = Glibc.read(descriptor, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { return result }
            result += piece[0..<count]
            guard result.count <= limit else { return nil }
        }
    }
}
