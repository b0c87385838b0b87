import Glibc
import NIOCore

/// Why there is no upstream connection, or none any more.
enum UpstreamFailure: Error, Equatable {
    /// No address took the connection: 502.
    case refused
    /// TLS: no handshake, or a certificate that does not verify: 502.
    case untrusted
    /// Nothing within the time: 504.
    case timeout
    /// The bounds on connections and on waiting: 503.
    case overloaded
    /// The name has no address, for now: 503.
    case unresolved
    /// This machine has no port, descriptor or memory for another connection: 503. No fault of the
    /// upstream's.
    case exhausted
    /// The connection ended.
    case closed
    /// It ended by a reset, or TLS without its closing alert: a body that ends with the connection
    /// is cut short (RFC 9112 §8, §9.8).
    case broken

    /// Why no connection could be had.
    var cause: Cause {
        switch self {
        case .refused: .upstreamRefused
        case .closed, .broken: .upstreamClosed
        case .untrusted: .upstreamUntrusted
        case .timeout: .connectTimeout
        case .overloaded: .upstreamOverloaded
        case .unresolved: .upstreamUnresolved
        case .exhausted: .exhausted
        }
    }

    /// The status that a client gets.
    var status: UInt32 {
        switch self {
        case .refused, .untrusted, .closed, .broken: 502
        case .timeout: 504
        case .overloaded, .unresolved, .exhausted: 503
        }
    }
}

extension UpstreamFailure {
    /// Why a connection could not be made.
    init(connecting error: any Error) {
        let here = [EADDRNOTAVAIL, EMFILE, ENFILE, ENOBUFS, ENOMEM, EAGAIN]
        let code = (error as? IOError)?.errnoCode
        self = code.map(here.contains) == true ? .exhausted : .refused
    }
}

/// Who uses an upstream connection: a client's exchange, or a fetch of a plugin.
///
/// A base class and not a protocol, so that a call is one indirect jump. Confined to its loop.
class UpstreamUser {
    /// A connection that was waited for.
    func upstreamReady(_ connection: UpstreamConnection) {}
    /// There will be no connection.
    func upstreamFailed(_ failure: UpstreamFailure) {}
    /// Bytes of the response.
    func upstreamRead(_ buffer: ByteBuffer) {}
    /// The upstream has ended its direction; after `allowHalfClosure` only.
    func upstreamInputClosed() {}
    /// The connection has ended; it belongs to nobody now.
    func upstreamClosed(_ failure: UpstreamFailure) {}
    /// The connection takes more bytes, or none for the moment.
    func upstreamWritabilityChanged(_ isWritable: Bool) {}
}
