import Glibc

/// Whether a request shows one set of credentials. Two readers could choose differently among
/// several (RFC 9110 §11.6.2: Authorization is no list).
enum Credentials {
    /// Whether there is one Authorization line, and nothing behind a comma of it looks like the
    /// scheme of further credentials.
    static func areSingle(_ bytes: UnsafeRawBufferPointer, _ fields: FieldIndex) -> Bool {
        guard !fields.isRepeated(.authorization) else { return false }
        guard let value = fields.value(.authorization, in: bytes), let base = value.baseAddress,
            memchr(base, 0x2C, value.count) != nil
        else { return true }
        var isQuoted = false
        var at = 0
        while at < value.count {
            let byte = value[at]
            at += 1
            if isQuoted, byte == 0x5C {
                at += 1
            } else if byte == 0x22 {
                isQuoted.toggle()
            } else if byte == 0x2C, !isQuoted, startsScheme(value, at) {
                return false
            }
        }
        return true
    }

    /// `token 1*SP` and then another byte than those that follow a parameter's name.
    private static func startsScheme(_ value: UnsafeRawBufferPointer, _ start: Int) -> Bool {
        var at = start
        while at < value.count, value[at] == Syntax.space || value[at] == Syntax.tab { at += 1 }
        let name = at
        while at < value.count, Syntax.isToken(value[at]) { at += 1 }
        let end = at
        while at < value.count, value[at] == Syntax.space { at += 1 }
        guard end > name, at > end, at < value.count else { return false }
        return value[at] != 0x3D && value[at] != 0x2C
    }
}
