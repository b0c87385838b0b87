import CGatehouse
import Synchronization

/// The cache of one process: bounded, the least recently used entry goes first.
///
/// **Thread:** any; one lock, so it is not for the hot path. Plugins do not see each other's keys.
public final class ProcessCache: Sendable {
    fileprivate struct Key: Hashable, Sendable {
        var plugin: String
        var bytes: [UInt8]
    }

    fileprivate struct Entry: Sendable {
        var key: Key
        var value: [UInt8]
        var expiresNs: UInt64
        var older: Int
        var newer: Int
    }

    fileprivate struct State: Sendable {
        var places: [Key: Int] = [:]
        var entries: [Entry?] = []
        var free: [Int] = []
        var oldest = -1
        var newest = -1
        var bytes = 0
    }

    private let clock: any HostClock
    private let state = Mutex(State())

    init(clock: any HostClock) { self.clock = clock }

    /// How many entries there are and how many bytes they hold.
    public var size: (entries: Int, bytes: Int) {
        state.withLock { ($0.places.count, $0.bytes) }
    }

    /// A value that has not expired, and for how long it will not, in milliseconds.
    func get(_ plugin: String, _ key: [UInt8]) -> (value: [UInt8], ttlMs: UInt64)? {
        let now = clock.monotonicNs()
        return state.withLock { state in
            guard let place = state.places[Key(plugin: plugin, bytes: key)],
                let entry = state.entries[place]
            else { return nil }
            guard entry.expiresNs > now else {
                state.drop(place)
                return nil
            }
            state.unlink(place)
            state.link(place)
            return (entry.value, (entry.expiresNs - now) / 1_000_000)
        }
    }

    /// Keeps a value; GH_BUSY where `onlyIfAbsent` and there is one.
    func put(
        _ plugin: String, _ key: [UInt8], _ value: [UInt8], ttlMs: UInt64, onlyIfAbsent: Bool
    ) -> gh_status {
        let now = clock.monotonicNs()
        let bounded = min(ttlMs, UInt64.max / 4 / 1_000_000)
        return state.withLock { state in
            let key = Key(plugin: plugin, bytes: key)
            if let place = state.places[key], let entry = state.entries[place] {
                if onlyIfAbsent, entry.expiresNs > now { return gh_status(GH_BUSY) }
                state.drop(place)
            }
            guard bounded > 0 else { return gh_status(GH_OK) }
            state.insert(
                Entry(
                    key: key, value: value, expiresNs: now &+ bounded &* 1_000_000, older: -1,
                    newer: -1))
            while state.places.count > Limits.cacheEntriesMax
                || state.bytes > Limits.cacheBytesMax
            {
                guard state.oldest >= 0 else { break }
                state.drop(state.oldest)
            }
            return gh_status(GH_OK)
        }
    }
}

extension ProcessCache.State {
    fileprivate mutating func insert(_ entry: ProcessCache.Entry) {
        let place: Int
        if let reused = free.popLast() {
            place = reused
            entries[place] = entry
        } else {
            place = entries.count
            entries.append(entry)
        }
        places[entry.key] = place
        bytes += entry.key.bytes.count + entry.value.count
        link(place)
    }

    fileprivate mutating func drop(_ place: Int) {
        guard let entry = entries[place] else { return }
        unlink(place)
        places[entry.key] = nil
        bytes -= entry.key.bytes.count + entry.value.count
        entries[place] = nil
        free.append(place)
    }

    fileprivate mutating func link(_ place: Int) {
        entries[place]?.older = newest
        entries[place]?.newer = -1
        if newest >= 0 { entries[newest]?.newer = place }
        newest = place
        if oldest < 0 { oldest = place }
    }

    fileprivate mutating func unlink(_ place: Int) {
        guard let entry = entries[place] else { return }
        if entry.older >= 0 { entries[entry.older]?.newer = entry.newer }
        if entry.newer >= 0 { entries[entry.newer]?.older = entry.older }
        if oldest == place { oldest = entry.newer }
        if newest == place { newest = entry.older }
    }
}
