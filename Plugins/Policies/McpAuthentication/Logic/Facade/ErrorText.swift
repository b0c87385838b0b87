import GatehouseJSON

/// What a provider says about an error, before it reaches a client, an adapter or the log.
///
/// It is text of somebody else: one that fails with its own database's words may show a token in
/// them.
enum ErrorText {
    /// The codes of the token endpoint whose descriptions are meant for clients (RFC 6749 §5.2,
    /// RFC 8707 §2, OpenID Connect Core §3.1.2.6).
    private static let known: Set<String> = [
        "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client",
        "unsupported_grant_type", "invalid_scope", "invalid_target", "access_denied",
        "interaction_required", "login_required", "consent_required", "temporarily_unavailable",
        "slow_down", "use_dpop_nonce", "invalid_dpop_proof",
    ]
    /// So many characters in a row that make no word: a token, a code, a key.
    private static let run = 24

    /// The members of an error that a client gets: the code, and the description of a known one.
    static func members(_ members: JSONObject) -> JSONObject {
        let code = plain(members["error"]?.stringValue ?? "", atMost: 64)
        var result: JSONObject = ["error": .string(code.isEmpty ? "server_error" : code)]
        let text = plain(members["error_description"]?.stringValue ?? "", atMost: 300)
        if known.contains(code), !text.isEmpty { result["error_description"] = .string(text) }
        return result
    }

    /// Printable characters without quotes (RFC 6749 §5.2), and without runs that may be secrets;
    /// a GUID, by which support finds a request, stays.
    static func plain(_ text: String, atMost count: Int) -> String {
        var result: [UInt8] = []
        var word: [UInt8] = []
        func end() {
            result += word.count < run || isGUID(word) ? word : Array("...".utf8)
            word = []
        }
        for byte in text.utf8.prefix(4 * count) {
            if isOfToken(byte) {
                word.append(byte)
            } else {
                end()
                result.append(
                    (0x20...0x7E).contains(byte) && byte != 0x22 && byte != 0x5C ? byte : 0x20)
            }
        }
        end()
        return String(decoding: result.prefix(count), as: UTF8.self)
    }

    private static func isOfToken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~+/=".utf8.contains(byte)
        }
    }

    /// `8-4-4-4-12` hexadecimal digits (RFC 9562 §4).
    private static func isGUID(_ word: [UInt8]) -> Bool {
        guard word.count == 36 else { return false }
        return word.enumerated().allSatisfy { index, byte in
            [8, 13, 18, 23].contains(index)
                ? byte == UInt8(ascii: "-")
                : (48...57).contains(byte) || (97...102).contains(byte | 0x20)
        }
    }
}
