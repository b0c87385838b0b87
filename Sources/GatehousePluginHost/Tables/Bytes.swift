import CGatehouse
import GatehouseHTTP

extension gh_str {
    /// Lends bytes; they must outlive the use of the result.
    @inline(__always) init(_ bytes: UnsafeRawBufferPointer) {
        self.init(
            ptr: bytes.baseAddress?.assumingMemoryBound(to: CChar.self), len: bytes.count)
    }

    /// The bytes that a plugin lends; empty where pointer and length contradict each other.
    @inline(__always) var bytes: UnsafeRawBufferPointer {
        guard let ptr, len > 0 else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        return UnsafeRawBufferPointer(start: ptr, count: len)
    }

    /// Whether the argument can be read at all: no length without a pointer, no absurd length.
    @inline(__always) var isSound: Bool { (ptr != nil || len == 0) && len < Int.max / 2 }

    /// A copy as text, of at most `limit` bytes; bytes that are no UTF-8 become U+FFFD.
    func text(limit: Int = Limits.nameBytesMax) -> String {
        String(decoding: bytes.prefix(limit), as: UTF8.self)
    }

    /// A copy as text; nil when it is no UTF-8 or longer than `limit` bytes.
    func strictText(limit: Int = Limits.nameBytesMax) -> String? {
        guard isSound, len <= limit else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }
}

/// Calls `body` with the bytes of a text, for the time of the call.
func lending<R>(_ text: String, _ body: (gh_str) -> R) -> R {
    var text = text
    return text.withUTF8 { body(gh_str(UnsafeRawBufferPointer($0))) }
}

/// Whether two names are the same, letters compared without case (RFC 9110 §5.1).
@inline(__always)
func sameName(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
    a.count == b.count && FieldNames.equalFolded(a, b)
}

/// What the host knows about field names and values.
enum FieldNames {
    @inline(__always)
    static func lower(_ byte: UInt8) -> UInt8 {
        byte &- 0x41 < 26 ? byte | 0x20 : byte
    }

    static func equalFolded(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
        guard a.count == b.count else { return false }
        for at in 0..<a.count where lower(a[at]) != lower(b[at]) { return false }
        return true
    }

    static func isOne(of names: [StaticString], _ name: UnsafeRawBufferPointer) -> Bool {
        names.contains { other in
            other.utf8CodeUnitCount == name.count
                && equalFolded(
                    name,
                    UnsafeRawBufferPointer(
                        start: other.utf8Start, count: other.utf8CodeUnitCount))
        }
    }

    /// Fields that frame a message or belong to one connection: the core's alone (RFC 9112 §6,
    /// RFC 9110 §7.6.1, §10.1.1).
    static let reserved: [StaticString] = [
        "content-length", "transfer-encoding", "connection", "keep-alive", "proxy-connection",
        "te", "trailer", "upgrade", "http2-settings", "expect",
    ]

    /// Whether a plugin may set or remove the field.
    static func isReserved(_ name: UnsafeRawBufferPointer, _ direction: Direction) -> Bool {
        switch name.count {
        // Their lengths; most names have another.
        case 2, 4, 6, 7, 10, 14, 16, 17:
            isOne(of: reserved, name) || (direction == .request && isOne(of: ["host"], name))
        default: false
        }
    }

    /// A token (RFC 9110 §5.6.2).
    static func isName(_ name: UnsafeRawBufferPointer) -> Bool {
        name.count <= Limits.nameBytesMax && FieldSyntax.isName(name)
    }

    /// Visible characters, spaces, tabs and bytes above 127 (RFC 9110 §5.5): no CR, LF, NUL.
    static func isValue(_ value: UnsafeRawBufferPointer) -> Bool {
        FieldSyntax.isText(value)
    }
}
