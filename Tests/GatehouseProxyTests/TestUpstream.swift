import NIOCore
import NIOPosix
import Synchronization

/// A small server for tests: it reads heads and bodies by content-length or chunks, and answers
/// what the test's closure says, byte for byte.
final class TestUpstream: Sendable {
    /// What came in one request.
    struct Request: Sendable {
        var head: String
        var body: String
        /// How many requests this connection has carried before.
        var earlier: Int

        func field(_ name: String) -> String? {
            for line in head.split(separator: "\r\n") {
                let parts = line.split(separator: ":", maxSplits: 1)
                if parts.count == 2, parts[0].lowercased() == name.lowercased() {
                    return parts[1].drop { $0 == " " }.description
                }
            }
            return nil
        }
    }

    /// What the server does with a request.
    enum Answer: Sendable {
        /// Sends these bytes.
        case send(String)
        /// Sends these bytes, then closes.
        case sendAndClose(String)
        /// Closes without an answer.
        case close
        /// Sends nothing; the test holds the connection by itself.
        case hold
    }

    let port: UInt16
    private let channel: any Channel
    private let held: ChannelList

    /// With `answersHeads` a request is answered before its body has come.
    init(
        port: UInt16 = 0, answersHeads: Bool = false,
        _ answer: @escaping @Sendable (Request) -> Answer
    ) throws {
        let held = ChannelList()
        self.held = held
        channel = try ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    held.add(channel)
                    try channel.pipeline.syncOperations.addHandler(Handler(answer, answersHeads))
                }
            }
            .bind(host: "127.0.0.1", port: Int(port)).wait()
        self.port = UInt16(clamping: channel.localAddress?.port ?? 0)
    }

    /// The connections that were made, in order.
    var connections: [any Channel] { held.all }

    func stop() { try? channel.close().wait() }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let answer: @Sendable (Request) -> Answer
        private var bytes: [UInt8] = []
        private let answersHeads: Bool
        private var earlier = 0

        init(_ answer: @escaping @Sendable (Request) -> Answer, _ answersHeads: Bool) {
            self.answer = answer
            self.answersHeads = answersHeads
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            bytes += unwrapInboundIn(data).readableBytesView
            while let request = take() {
                switch answer(request) {
                case .send(let bytes): send(bytes, context)
                case .sendAndClose(let bytes):
                    let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
                    context.writeAndFlush(NIOAny(ByteBuffer(string: bytes))).whenComplete { _ in
                        bound.value.close(promise: nil)
                    }
                case .close: context.close(promise: nil)
                case .hold: break
                }
            }
        }

        private func send(_ bytes: String, _ context: ChannelHandlerContext) {
            context.writeAndFlush(NIOAny(ByteBuffer(string: bytes)), promise: nil)
        }

        private func take() -> Request? {
            guard let end = headEnd() else { return nil }
            var request = Request(
                head: String(decoding: bytes[..<end], as: UTF8.self), body: "", earlier: earlier)
            var used = end + 4
            if answersHeads {
                used = bytes.count
            } else if let length = request.field("content-length").flatMap(Int.init) {
                guard bytes.count - used >= length else { return nil }
                request.body = String(decoding: bytes[used..<used + length], as: UTF8.self)
                used += length
            } else if request.field("transfer-encoding") != nil {
                guard bytes.suffix(5).elementsEqual("0\r\n\r\n".utf8) else { return nil }
                request.body = String(decoding: bytes[used...], as: UTF8.self)
                used = bytes.count
            }
            bytes.removeFirst(used)
            earlier += 1
            return request
        }

        /// Where the empty line begins.
        private func headEnd() -> Int? {
            var at = 0
            while at + 3 < bytes.count {
                if bytes[at] == 13, bytes[at + 1] == 10, bytes[at + 2] == 13, bytes[at + 3] == 10 {
                    return at
                }
                at += 1
            }
            return nil
        }
    }
}

/// A list that any thread may add to.
final class ChannelList: Sendable {
    private let list = Mutex<[any Channel]>([])

    func add(_ channel: any Channel) { list.withLock { $0.append(channel) } }

    var all: [any Channel] { list.withLock { $0 } }
}
