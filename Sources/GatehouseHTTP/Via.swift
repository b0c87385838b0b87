/// Via of RFC 9110 §7.6.3, as far as a gateway reads it.
public enum Via {
    /// Whether a Via line of `fields` names `pseudonym` (letters compared without case) as a
    /// recipient: the request has been here before.
    public static func names(
        _ pseudonym: UnsafeRawBufferPointer, in bytes: UnsafeRawBufferPointer, _ fields: FieldIndex
    ) -> Bool {
        guard var at = fields.first(.via) else { return false }
        while at < fields.count {
            if fields[at].known == .via, lists(pseudonym, bytes[fields[at].value]) { return true }
            at += 1
        }
        return false
    }

    /// Elements are `protocol RWS received-by [RWS comment]`; a comma within a comment makes an
    /// element more, which does no harm.
    private static func lists(
        _ pseudonym: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
    ) -> Bool {
        for element in value.split(separator: 0x2C) {
            let words = element.split { $0 == Syntax.space || $0 == Syntax.tab }
            guard words.count >= 2 else { continue }
            if Syntax.equalsFolded(UnsafeRawBufferPointer(rebasing: words[1]), pseudonym) {
                return true
            }
        }
        return false
    }
}
