import GatehouseHTTP
import GatehousePluginHost
import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// Resolves names off the event loops, with a cache that all loops share.
///
/// **Thread:** any. A look-up that hangs holds one of a few threads; the callers' own deadlines
/// end their waiting.
final class Resolver: Sendable {
    typealias Completion = @Sendable ([IPAddress]) -> Void
    /// Asks the system; blocks. Replaced in tests.
    typealias Lookup = @Sendable (String) -> [IPAddress]

    private struct State {
        var cache = NameCache()
        var waiting: [String: [(loop: any EventLoop, completion: Completion)]] = [:]
    }

    private let state = Mutex(State())
    private let threads = NIOThreadPool(numberOfThreads: 4)
    private let clock: any HostClock
    private let lookup: Lookup

    init(clock: any HostClock, lookup: @escaping Lookup = Resolver.systemLookup) {
        self.clock = clock
        self.lookup = lookup
        threads.start()
    }

    /// The cached addresses of a name, or nil where it must be asked for. What is stale is used and
    /// asked for again meanwhile: nobody waits for a resolver that is slow.
    func cached(_ name: String) -> [IPAddress]? {
        let now = clock.monotonicNs()
        let (known, asks) = state.withLock { state in
            let known = state.cache.look(up: name, nowNs: now)
            guard case .stale = known, state.waiting[name] == nil,
                state.waiting.count < ProxyLimits.lookupsWaitingMax
            else { return (known, false) }
            state.waiting[name] = []
            return (known, true)
        }
        if asks { ask(name) }
        switch known {
        case .fresh(let addresses), .stale(let addresses): return addresses
        case .nothing: return nil
        }
    }

    /// Asks for the addresses of a name; empty: it has none. `completion` runs on `loop`, later.
    func resolve(
        _ name: String, on loop: any EventLoop, _ completion: @escaping Completion
    ) {
        enum Next {
            case ask
            case wait
            case refuse
        }
        let next = state.withLock { state -> Next in
            if state.waiting[name] != nil {
                state.waiting[name]?.append((loop, completion))
                return .wait
            }
            guard state.waiting.count < ProxyLimits.lookupsWaitingMax else { return .refuse }
            state.waiting[name] = [(loop, completion)]
            return .ask
        }
        switch next {
        case .wait: break
        case .refuse: loop.execute { completion([]) }
        case .ask: ask(name)
        }
    }

    private func ask(_ name: String) {
        threads.submit { [self] work in
            answered(name, work == .active ? lookup(name) : [])
        }
    }

    private func answered(_ name: String, _ addresses: [IPAddress]) {
        let now = clock.monotonicNs()
        let (usable, waiters) = state.withLock { state in
            (
                state.cache.answered(name, addresses, nowNs: now),
                state.waiting.removeValue(forKey: name) ?? []
            )
        }
        for waiter in waiters {
            waiter.loop.execute { waiter.completion(usable) }
        }
    }

    func shutdown() {
        threads.shutdownGracefully { _ in }
    }

    /// getaddrinfo: the machine's own order of addresses (RFC 6724), without duplicates.
    static let systemLookup: Lookup = { name in
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        var code = getaddrinfo(name, nil, &hints, &list)
        if code != 0 {
            // On a machine that has only loopback addresses, AI_ADDRCONFIG hides even those.
            hints.ai_flags = 0
            code = getaddrinfo(name, nil, &hints, &list)
        }
        guard code == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var found: [IPAddress] = []
        var next = list
        while let info = next?.pointee, found.count < ProxyLimits.addressesPerName {
            if let address = address(of: info), !found.contains(address) { found.append(address) }
            next = info.ai_next
        }
        return found
    }

    private static func address(of info: addrinfo) -> IPAddress? {
        guard let pointer = info.ai_addr else { return nil }
        if info.ai_family == AF_INET {
            return pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                IPAddress(v4: UInt32(bigEndian: $0.pointee.sin_addr.s_addr))
            }
        }
        guard info.ai_family == AF_INET6 else { return nil }
        return pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
            IPAddress($0.pointee.sin6_addr)
        }
    }
}
