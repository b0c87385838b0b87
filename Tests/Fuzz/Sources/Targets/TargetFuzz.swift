@testable import GatehouseHTTP

/// A request target: its parts are its bytes, and a path that routes may be matched with has no
/// other reading (docs/life-of-a-request.md, step 3).
enum TargetFuzz {
    static func check(_ input: UnsafeRawBufferPointer) throws {
        for isOptions in [false, true] {
            guard let target = RequestTarget(input, 0, input.count, isOptions: isOptions) else {
                continue
            }
            try hold(Int(target.raw.count) == input.count, "the target is not the whole")
            let query: [UInt8] = target.query.map { [0x3F] + Array(input[$0]) } ?? []
            let tail = Array(input[target.path]) + query
            switch target.form {
            case .origin: try hold(tail.elementsEqual(input), "an origin form loses bytes")
            case .asterisk where input.count == 1: try hold(isOptions, "* without OPTIONS")
            case .absolute, .asterisk:
                let parts = Array(input[target.authority]) + tail
                try hold(parts.elementsEqual(input.suffix(parts.count)), "the target loses bytes")
            }
            try checkPath(input[target.path])
        }
        try checkPath(input)
    }

    static func checkPath(_ path: UnsafeRawBufferPointer) throws {
        switch PathForm.check(path) {
        case .refused: return
        case .normal:
            try hold(
                sloppy(path).elementsEqual(path), "a normal path reads as \(sloppy(path))")
        case .folded(let normal):
            try hold(sloppy(path) == normal, "folded to \(normal), reads as \(sloppy(path))")
            try hold(!normal.elementsEqual(path), "folded without need")
            try normal.withUnsafeBytes {
                try hold(PathForm.check($0) == .normal, "the normal form is none")
            }
        }
    }

    /// The path as a careless server reads it: escapes of unreserved characters and slashes
    /// decoded, backslashes as slashes, parameters of dot segments ignored, dot and empty segments
    /// removed (RFC 3986 §5.2.4, §6.2.2).
    static func sloppy(_ path: UnsafeRawBufferPointer) -> [UInt8] {
        var decoded: [UInt8] = []
        var at = 0
        while at < path.count {
            guard path[at] == 0x25, at + 2 < path.count,
                let value = UInt8(path.part(at + 1, at + 3).text, radix: 16)
            else {
                decoded.append(path[at] == 0x5C ? 0x2F : path[at])
                at += 1
                continue
            }
            if isUnreserved(value) || value < 32 || value == 127 {
                decoded.append(value)
            } else if value == 0x2F || value == 0x5C {
                decoded.append(0x2F)
            } else {
                decoded += "%".utf8
                decoded += path.part(at + 1, at + 3).text.uppercased().utf8
            }
            at += 3
        }
        return withoutDots(decoded)
    }

    private static func withoutDots(_ path: [UInt8]) -> [UInt8] {
        let parts = path.split(separator: 0x2F, omittingEmptySubsequences: false)
        var kept: [ArraySlice<UInt8>] = []
        for (number, part) in parts.enumerated() {
            let name = part.prefix { $0 != 0x3B }
            let isLast = number == parts.count - 1
            if name.elementsEqual(".".utf8) || name.elementsEqual("..".utf8) {
                if name.count == 2, kept.count > 1 { kept.removeLast() }
                if isLast { kept.append([]) }
            } else if !part.isEmpty || number == 0 || isLast {
                kept.append(part)
            }
        }
        return Array(kept.joined(separator: [0x2F]))
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
            || Array("-._~".utf8).contains(byte)
    }
}
