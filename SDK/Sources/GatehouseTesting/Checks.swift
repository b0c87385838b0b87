internal import CGatehouse

/// What the contract lets a plugin write into a message and declare for a route.
enum Checks {
    /// A token (RFC 9110 §5.6.2).
    static func isName(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x21, 0x23...0x27, 0x2a, 0x2b, 0x2d,
                    0x2e, 0x5e...0x60, 0x7c, 0x7e:
                    true
                default: false
                }
            }
    }

    /// Visible characters, spaces, tabs and bytes above 127 (RFC 9110 §5.5).
    static func isValue(_ value: [UInt8]) -> Bool {
        value.allSatisfy { $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }
    }

    /// Fields that frame a message or belong to one connection: the core's alone.
    static func isReserved(_ name: String, _ direction: UInt32) -> Bool {
        let reserved = [
            "content-length", "transfer-encoding", "connection", "keep-alive", "proxy-connection",
            "te", "trailer", "upgrade", "http2-settings", "expect",
        ]
        return reserved.contains(name.lowercased())
            || direction == 0 && name.lowercased() == "host"
    }

    /// An absolute path in normal form, without query and fragment.
    static func isPath(_ path: String) -> Bool {
        let isPlain = path.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != 0x3f && $0 != 0x23 }
        let segments = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        let isNormal = segments.enumerated().allSatisfy { index, segment in
            segment != "." && segment != ".."
                && (!segment.isEmpty || index == segments.count - 1)
        }
        return path.hasPrefix("/") && isPlain && isNormal
    }

    /// Whether a response of a policy is one that the core would send.
    static func status(of response: RecordedResponse) -> gh_status {
        guard (200...599).contains(response.status) else { return gh_status(GH_INVALID) }
        if [204, 304].contains(response.status), !response.body.isEmpty || !response.isComplete {
            return gh_status(GH_INVALID)
        }
        for field in response.fields {
            guard isName(field.name), isValue(Array(field.value.utf8)) else {
                return gh_status(GH_INVALID)
            }
            if isReserved(field.name, 1) { return gh_status(GH_DENIED) }
        }
        return gh_status(GH_OK)
    }
}
