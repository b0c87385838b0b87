import Glibc

/// A blocking client on a plain socket: tests see every byte and every close.
final class TestClient {
    private let descriptor: Int32
    private var unread: [UInt8] = []

    init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var time = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failure.notConnected(errno) }
    }

    /// One end of a connection that was accepted.
    init(accepted descriptor: Int32) {
        self.descriptor = descriptor
        var time = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    enum Failure: Error {
        case notConnected(Int32)
    }

    /// How many bytes have come and were not read.
    var pendingBytes: Int {
        var count: Int32 = 0
        _ = ioctl(descriptor, UInt(FIONREAD), &count)
        return unread.count + Int(count)
    }

    deinit { close() }

    private var isClosed = false

    func close() {
        guard !isClosed else { return }
        isClosed = true
        Glibc.close(descriptor)
    }

    /// Sends FIN and goes on reading.
    func halfClose() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Closes by RST: the other end knows at once that nobody is there.
    func reset() {
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { raw in
                Glibc.send(
                    descriptor, raw.baseAddress.map { $0 + sent }, bytes.count - sent,
                    Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    /// The next bytes; empty at the end of the connection, nil after a reset or ten seconds.
    func receive() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count < 0 ? nil : Array(buffer[..<count])
    }

    /// Everything up to the end of the connection, and whether that end was clean.
    func readToEnd() -> (text: String, isClean: Bool) {
        while true {
            guard let more = receive() else { return (takeUnread(), false) }
            if more.isEmpty { return (takeUnread(), true) }
            unread += more
        }
    }

    private func takeUnread() -> String {
        defer { unread = [] }
        return String(decoding: unread, as: UTF8.self)
    }

    /// Reads until the text ends the head, and that many bytes of a body by its Content-Length.
    func response(hasBody: Bool = true) -> String {
        var text = read(through: "\r\n\r\n")
        guard hasBody, let length = contentLength(text) else { return text }
        while unread.count < length {
            guard let more = receive(), !more.isEmpty else { break }
            unread += more
        }
        let count = min(length, unread.count)
        text += String(decoding: unread[..<count], as: UTF8.self)
        unread.removeFirst(count)
        return text
    }

    /// Reads until these bytes have come, and takes them and what is before them.
    func read(through end: String) -> String {
        let mark = Array(end.utf8)
        while true {
            if let range = unread.firstRange(of: mark) {
                defer { unread.removeFirst(range.upperBound) }
                return String(decoding: unread[..<range.upperBound], as: UTF8.self)
            }
            guard let more = receive(), !more.isEmpty else { return takeUnread() }
            unread += more
        }
    }

    private func contentLength(_ head: String) -> Int? {
        for line in head.split(separator: "\r\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2, parts[0].lowercased() == "content-length" {
                return Int(parts[1].drop { $0 == " " })
            }
        }
        return nil
    }
}

/// A listening socket whose connections a test serves by itself.
final class Peer {
    let port: UInt16
    private let descriptor: Int32

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard bind(descriptor, address, size) == 0, listen(descriptor, 16) == 0 else {
                    return Int32(-1)
                }
                return getsockname(descriptor, address, &size)
            }
        }
        port = UInt16(bigEndian: address.sin_port)
        guard result == 0 else { throw TestClient.Failure.notConnected(errno) }
    }

    deinit { close(descriptor) }

    /// The next connection, within ten seconds.
    func accept() throws -> TestClient {
        var waited = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&waited, 1, 10_000) == 1 else {
            throw TestClient.Failure.notConnected(ETIMEDOUT)
        }
        let accepted = Glibc.accept(descriptor, nil, nil)
        guard accepted >= 0 else { throw TestClient.Failure.notConnected(errno) }
        return TestClient(accepted: accepted)
    }
}
