import GatehouseHTTP
import NIOCore

/// Reads the chunks of a request before anything of it is used, without taking them.
struct BodyCheck {
    enum Finding {
        /// More of the body has to come.
        case wait
        /// Complete, or as long as is looked at.
        case sound
        case fault(HTTPFault)
    }

    private var decoder = BodyDecoder(framing: .chunked)
    private var seen = 0

    /// Looks on in what follows the head; the bytes of earlier calls come first in `bytes`.
    mutating func look(_ bytes: UnsafeRawBufferPointer) -> Finding {
        while true {
            let step = decoder.next(UnsafeRawBufferPointer(rebasing: bytes[seen...]))
            seen += step.consumed
            switch step.event {
            case .data: break
            case .needMore: return seen < ProxyLimits.checkedBodyBytes ? .wait : .sound
            case .end: return .sound
            case .fault(let fault): return .fault(fault)
            }
        }
    }
}

/// A chunked request is held until its body is complete, or the first of it has been read, or a
/// moment has passed: what is malformed there is refused before a policy or an upstream has seen
/// the request, however it was cut into segments.
extension Exchange {
    /// Whether the request goes on now; otherwise it waits, or has been refused.
    func isBodySound(_ head: RequestHead) -> Bool {
        bodyCheck = BodyCheck()
        switch lookAtBody() {
        case .fault(let fault):
            bodyCheck = nil
            refuseHead(fault)
            return false
        case .wait where !head.expectsContinue:
            connection?.deadlineNs = worker.after(ProxyLimits.checkedBodyMs)
            return false
        case .wait, .sound:
            bodyCheck = nil
            return true
        }
    }

    /// More of the body has come.
    func checkBody() {
        switch lookAtBody() {
        case .wait: break
        case .sound: endBodyCheck()
        case .fault(let fault):
            bodyCheck = nil
            refuseHead(fault)
        }
    }

    /// Goes on with the request.
    func endBodyCheck() {
        bodyCheck = nil
        connection?.deadlineNs = .max
        if let head { admit(head) }
    }

    private func lookAtBody() -> BodyCheck.Finding {
        guard let connection, var check = bodyCheck else { return .sound }
        let input = connection.takeInput()
        let finding = input.withUnsafeReadableBytes { check.look($0) }
        connection.giveBack(input)
        bodyCheck = check
        return finding
    }
}
