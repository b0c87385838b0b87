/// What the keeper asks of the host. **Thread:** [control], all of it.
protocol KeeperServices: AnyObject {
    /// A monotonic clock, in milliseconds.
    var now: Int64 { get }
    /// A random number from 0 to 1.
    func fraction() -> Double
    /// Begins a fetch of the instance; its answer comes back to ``Keeper/answered(_:_:)``.
    ///
    /// - Returns: whether it was begun; `denied` where the operator's rules forbid it.
    func fetch(_ plan: FetchPlan, for purpose: KeeperPurpose) -> FetchStart
    /// Comes back to ``Keeper/woken(_:)`` after so many milliseconds.
    func wake(_ purpose: KeeperPurpose, after: Int64)
    /// Tells every loop.
    func broadcast(_ notice: LoopNotice)
    /// Wakes the exchanges that wait under the topic, behind earlier broadcasts.
    func settle(_ topic: WaitTopic)
    func log(_ level: LogLevel, _ message: String)
    /// Whether the instance can do its work, for readiness probes.
    func report(isReady: Bool, reason: String)
    /// The key set was found good just now, with so many usable keys; nil: as many as before.
    func keysConfirmed(_ count: Int?)
    /// The key set may not be used any longer.
    func keysDropped()
    /// A key set could not be had or used.
    func keysFailed()
    /// The bytes of a file, up to a limit; `nil` where it cannot be read.
    func contents(of path: String) -> [UInt8]?
    /// The shared cache of this process.
    func cached(_ key: String) -> [UInt8]?
    func cache(_ key: String, _ value: [UInt8], milliseconds: Int64)
    /// Whether this call put the value, because none was there.
    func cacheIfAbsent(_ key: String, _ value: [UInt8], milliseconds: Int64) -> Bool
}

/// What came of beginning a fetch.
enum FetchStart: Sendable, Equatable {
    case begun
    case denied
    case failed(String)
}

/// What an operation of the instance is for; its number is the operation's token.
enum KeeperPurpose: UInt64, Sendable {
    case keys = 1
    case metadata = 2
    /// A loop needs another key set.
    case keysDemanded = 3
    /// A loop needs the issuer's document.
    case metadataDemanded = 4
    /// A broadcast has reached every loop.
    case told = 5
    /// Another instance of this process is fetching the same key set.
    case keysShared = 6
    /// A loop started and knows nothing yet.
    case greeted = 7
    /// The loops are to hand over what they counted.
    case counted = 8
    /// A token is asked about at its issuer.
    case remote = 20
}

/// What exchanges wait for.
enum WaitTopic: String, Sendable {
    case keys
    case metadata

    /// What the host knows the topic by, for one issuer of the instance.
    func key(of issuer: Int) -> String { issuer == 0 ? rawValue : "\(rawValue) \(issuer)" }
}

/// What the loops are told.
enum LoopNotice: Sendable, Equatable {
    /// A key set's bytes (RFC 7517 §5).
    case keys([UInt8])
    /// The key set is too old to be used.
    case noKeys
    /// The issuer's document, and whether shared caches must not keep it.
    case metadata([UInt8], isPrivate: Bool)
    /// There is none, and why; `isInvalid` where one came that must not be used.
    case noMetadata(isInvalid: Bool)

    /// The number that travels with the payload.
    var token: UInt64 {
        switch self {
        case .keys: 1
        case .noKeys: 2
        case .metadata(_, let isPrivate): isPrivate ? 4 : 3
        case .noMetadata(let isInvalid): isInvalid ? 6 : 5
        }
    }

    /// The payload.
    var payload: [UInt8] {
        switch self {
        case .keys(let bytes), .metadata(let bytes, _): bytes
        case .noKeys, .noMetadata: []
        }
    }

    /// The notice that was sent as `token` and `payload`.
    init?(token: UInt64, payload: [UInt8]) {
        switch token {
        case 1: self = .keys(payload)
        case 2: self = .noKeys
        case 3: self = .metadata(payload, isPrivate: false)
        case 4: self = .metadata(payload, isPrivate: true)
        case 5: self = .noMetadata(isInvalid: false)
        case 6: self = .noMetadata(isInvalid: true)
        default: return nil
        }
    }
}

/// Levels of the log, in the policy's words.
enum LogLevel: Sendable, Equatable {
    case debug
    case info
    case warning
    case error
}
