internal import CGatehouse
internal import Glibc

/// Memory lent for one call, from pages of its own: each piece ends where an inaccessible page
/// begins, and after the call all of them become inaccessible.
///
/// So a plugin that reads beyond a slice, keeps a slice after the call, or frees one, dies at once
/// instead of working by chance, as it would with one allocator.
final class LentMemory {
    private var pieces: [(start: UnsafeMutableRawPointer, length: Int)] = []
    private static let page = Int(sysconf(Int32(_SC_PAGESIZE)))

    deinit {
        for piece in pieces { munmap(piece.start, piece.length) }
    }

    /// Lends a copy of bytes.
    func lend(_ bytes: some Collection<UInt8>) -> gh_str {
        let data = lend(Array(bytes), alignment: 1)
        return gh_str(
            ptr: data.map { UnsafePointer($0.assumingMemoryBound(to: CChar.self)) },
            len: bytes.count)
    }

    /// Lends the bytes of a text.
    func lend(_ text: String) -> gh_str { lend(text.utf8) }

    /// Lends values in a row; nil for none.
    func lend<Value: BitwiseCopyable>(values: [Value]) -> UnsafeMutablePointer<Value>? {
        if values.isEmpty { return nil }
        let bytes = values.withUnsafeBytes { Array($0) }
        return lend(bytes, alignment: MemoryLayout<Value>.alignment)?
            .bindMemory(to: Value.self, capacity: values.count)
    }

    /// Ends the loan: every further access is a fault of the process.
    func revoke() {
        for piece in pieces { mprotect(piece.start, piece.length, PROT_NONE) }
    }

    private func lend(_ bytes: [UInt8], alignment: Int) -> UnsafeMutableRawPointer? {
        let usable = max(1, (bytes.count + Self.page - 1) / Self.page) * Self.page
        let flags = MAP_PRIVATE | MAP_ANONYMOUS
        guard
            let start = mmap(nil, usable + Self.page, PROT_READ | PROT_WRITE, flags, -1, 0),
            start != MAP_FAILED
        else { return nil }
        mprotect(start + usable, Self.page, PROT_NONE)
        pieces.append((start, usable + Self.page))
        let at = (usable - bytes.count) & ~(alignment - 1)
        let place = start + at
        bytes.withUnsafeBytes { source in
            if let base = source.baseAddress {
                place.copyMemory(from: base, byteCount: bytes.count)
            }
        }
        return place
    }
}
