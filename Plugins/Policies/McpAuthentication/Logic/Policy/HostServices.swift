import GatehousePluginKit
import Glibc

/// The host, as the keeper of one issuer of an instance sees it. **Thread:** [control].
final class HostServices: KeeperServices {
    private let host: Host
    private let measures: Measures
    /// The issuer's place among those of the instance.
    private let issuer: Int
    private let health: KeysHealth

    init(_ host: Host, _ measures: Measures, _ health: KeysHealth, issuer: Int = 0) {
        self.host = host
        self.measures = measures
        self.health = health
        self.issuer = issuer
    }

    var now: Int64 { Int64(clamping: host.monotonicNanoseconds / 1_000_000) }

    func fraction() -> Double {
        guard let bytes = try? host.random(2), bytes.count == 2 else { return 0.5 }
        return Double(UInt16(bytes[0]) << 8 | UInt16(bytes[1])) / 65_535
    }

    func fetch(_ plan: FetchPlan, for purpose: KeeperPurpose) -> FetchStart {
        do throws(HostError) {
            try host.fetch(plan.request, token: purpose.token(issuer))
            return .begun
        } catch {
            return error == .denied ? .denied : .failed("the fetch could not begin: \(error)")
        }
    }

    func wake(_ purpose: KeeperPurpose, after: Int64) {
        let milliseconds = UInt32(clamping: max(1, min(after, 86_400_000)))
        do throws(HostError) {
            try host.timer(token: purpose.timerToken(issuer), afterMilliseconds: milliseconds)
        } catch {
            host.log(.error, "the key set is not refreshed any more: no timer: \(error)")
        }
    }

    func broadcast(_ notice: LoopNotice) {
        do throws(HostError) {
            try host.broadcast(
                token: notice.token | UInt64(issuer) << 8, payload: notice.payload)
        } catch {
            host.log(.error, "the loops could not be told: \(error)")
        }
    }

    func settle(_ topic: WaitTopic) {
        // Nobody may be waiting, which is no failure.
        try? host.settle(key: topic.key(of: issuer))
    }

    func log(_ level: LogLevel, _ message: String) {
        switch level {
        case .debug: host.log(.debug, message)
        case .info: host.log(.info, message)
        case .warning: host.log(.warning, message)
        case .error: host.log(.error, message)
        }
    }

    func report(isReady: Bool, reason: String) {
        let all = health.report(issuer, isReady: isReady, reason: reason)
        host.setReady(all.isReady, reason: all.reason)
    }

    func keysConfirmed(_ count: Int?) {
        say(health.confirm(issuer, seconds: Double(host.unixNanoseconds / 1_000_000_000), count))
    }

    func keysDropped() { say(health.drop(issuer)) }

    func keysFailed() { measures.countKeysFailure() }

    private func say(_ change: (seconds: Double, count: Int)) {
        measures.addKeys(seconds: change.seconds, count: change.count)
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

/// What is known of the key sets of an instance, all issuers together. **Thread:** [control].
///
/// The instance is ready when every issuer's key set is; the age is that of the oldest set, the
/// count that of all.
final class KeysHealth {
    private struct Entry {
        var isReady = false
        var reason = ""
        var seconds = 0.0
        var count = 0
    }

    private var entries: [Entry]
    private let names: [String]
    private var said = (seconds: 0.0, count: 0)

    private let counted: Range<Int>

    /// - Parameters:
    ///   - issuers: in their places; named in reasons where there are several.
    ///   - isFirstExempt: whether the first has no key set, which then is not measured.
    init(issuers: [String], isFirstExempt: Bool = false) {
        counted = (isFirstExempt ? 1 : 0)..<issuers.count
        entries = Array(repeating: Entry(), count: issuers.count)
        names = issuers
    }

    /// Takes what one keeper says; what the instance is to say.
    func report(_ issuer: Int, isReady: Bool, reason: String) -> (isReady: Bool, reason: String) {
        entries[issuer].isReady = isReady
        entries[issuer].reason = reason
        guard let bad = entries.firstIndex(where: { !$0.isReady }) else { return (true, "") }
        let text = entries[bad].reason
        return (false, entries.count == 1 || text.isEmpty ? text : "\(names[bad]): \(text)")
    }

    /// A key set was found good; how the sums change.
    func confirm(
        _ issuer: Int, seconds: Double, _ count: Int?
    ) -> (seconds: Double, count: Int) {
        entries[issuer].seconds = seconds
        if let count { entries[issuer].count = count }
        return change()
    }

    /// A key set may not be used any longer; how the sums change.
    func drop(_ issuer: Int) -> (seconds: Double, count: Int) {
        entries[issuer].seconds = 0
        entries[issuer].count = 0
        return change()
    }

    private func change() -> (seconds: Double, count: Int) {
        let now = (
            seconds: entries[counted].map(\.seconds).min() ?? 0,
            count: entries[counted].reduce(0) { $0 + $1.count }
        )
        let change = (seconds: now.seconds - said.seconds, count: now.count - said.count)
        said = now
        return change
    }
}

extension KeeperPurpose {
    /// Fetches and timers of one purpose are told apart by this bit.
    private static let timerBit: UInt64 = 1 << 32

    /// The token of a fetch for the issuer in this place.
    func token(_ issuer: Int = 0) -> UInt64 { rawValue | UInt64(issuer) << 8 }

    /// The token of a timer.
    func timerToken(_ issuer: Int = 0) -> UInt64 { token(issuer) | Self.timerBit }

    /// The purpose of a token, the issuer's place, and whether it was a timer's.
    static func of(token: UInt64) -> (purpose: KeeperPurpose, issuer: Int, isTimer: Bool)? {
        KeeperPurpose(rawValue: token & 0xff).map {
            ($0, Int(token >> 8 & 0xff), token & timerBit != 0)
        }
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
        // A plan without a reach is none that may go anywhere but where everybody may.
        request.reach = reaches.first == .configured ? .configured : .public
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
