import GatehouseJOSE
import Glibc
import Synchronization

/// Values by random key, the oldest dropped at the bound.
final class BoundedStore<Value: Sendable>: Sendable {
    private struct State {
        var values: [String: Value] = [:]
        var order: [String] = []
    }
    private let state = Mutex(State())
    private let capacity: Int

    init(capacity: Int) { self.capacity = capacity }

    var count: Int { state.withLock { $0.values.count } }

    subscript(_ key: String) -> Value? { state.withLock { $0.values[key] } }

    func insert(_ value: Value, for key: String) {
        state.withLock { state in
            if state.values.updateValue(value, forKey: key) == nil { state.order.append(key) }
            if state.order.count > capacity { state.values[state.order.removeFirst()] = nil }
        }
    }

    /// Takes a value out: a code is good once.
    func remove(_ key: String) -> Value? {
        state.withLock { state in
            guard let value = state.values.removeValue(forKey: key) else { return nil }
            state.order.removeAll { $0 == key }
            return value
        }
    }
}

/// Random names and the time of day.
enum Chance {
    static func bytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    /// 32 octets as base64url.
    static func secret() -> String { Base64URL.encode(bytes(32)) }

    /// In the form of a random UUID.
    static func uuid() -> String {
        var value = bytes(16)
        value[6] = value[6] & 0x0f | 0x40
        value[8] = value[8] & 0x3f | 0x80
        let digits = Array(hexadecimal(value))
        let parts = [
            digits[0..<8], digits[8..<12], digits[12..<16], digits[16..<20], digits[20...],
        ]
        return parts.map { String($0) }.joined(separator: "-")
    }

    /// Seconds since 1970.
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec)
    }
}
