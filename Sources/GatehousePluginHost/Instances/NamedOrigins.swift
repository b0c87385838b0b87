import GatehouseHTTP

/// The origins that an instance's configuration names: those that its fetches may reach.
enum NamedOrigins {
    /// The origins of all strings of a JSON text that are http(s) URLs as a whole.
    ///
    /// The text is canonical JSON, so a URL stands between quotes without escapes.
    static func find(in json: String) -> Set<HTTPURL.Origin> {
        var found: Set<HTTPURL.Origin> = []
        let bytes = Array(json.utf8)
        var at = 0
        while let quote = bytes[at...].firstIndex(of: 0x22) {
            var end = quote + 1
            while end < bytes.count, bytes[end] != 0x22 {
                end += bytes[end] == 0x5c ? 2 : 1
            }
            if end <= bytes.count,
                let url = HTTPURL(String(decoding: bytes[(quote + 1)..<end], as: UTF8.self))
            {
                found.insert(url.origin)
            }
            at = end + 1
            if at >= bytes.count { break }
        }
        return found
    }
}
