import GatehouseJOSE
import GatehouseJSON
import GatehousePluginKit

/// The browser at `/authorize` and at the callback, by its cookie.
extension McpAuthentication {
    /// Every record that the browser's cookies hold.
    func browsers(_ exchange: Exchange, _ base: String) -> [BrowserRecord] {
        var fields: [String] = []
        while fields.count < 8,
            let field = exchange.field("cookie", index: UInt32(fields.count))
        {
            fields.append(field.text)
        }
        return BrowserCookie(base: base).values(in: fields).compactMap { text in
            // Of the host, not of the route: its routes share the one cookie that a host has.
            guard
                case .success(let value) = parts.open(
                    text, for: SealPurpose.browser, context: "", now: seconds)
            else { return nil }
            return BrowserRecord(value)
        }
    }

    /// The browser as its cookie says, or a new one.
    func browser(_ exchange: Exchange, _ base: String) -> BrowserRecord {
        browsers(exchange, base).first
            ?? BrowserRecord(id: RandomOctets.make(16) ?? [])
    }

    func setCookie(
        _ browser: BrowserRecord, _ base: String, _ response: inout LocalResponse
    ) {
        guard
            let text = parts.seal(
                browser.value, for: SealPurpose.browser, context: "",
                until: seconds + SealPurpose.browserLife)
        else { return }
        response.fields.append(("set-cookie", BrowserCookie(base: base).field(text)))
    }
}
