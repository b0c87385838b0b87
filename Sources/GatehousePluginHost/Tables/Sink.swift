import CGatehouse

/// Output of variable length, both ways.
enum Sink {
    private final class Collector {
        private(set) var bytes: [UInt8] = []
        private(set) var overflowed = false
        private let limit: Int

        init(limit: Int) { self.limit = limit }

        func add(_ more: UnsafeRawBufferPointer) -> gh_status {
            guard !overflowed, more.count <= limit - bytes.count else {
                overflowed = true
                bytes = []
                return gh_status(GH_LIMIT)
            }
            bytes += more
            return gh_status(GH_OK)
        }
    }

    /// Lends a sink that takes at most `limit` bytes (GH_LIMIT beyond, and then the result is
    /// GH_LIMIT whatever the writer answers).
    static func collect(
        limit: Int, _ body: (UnsafePointer<gh_sink>) -> gh_status
    ) -> (gh_status, [UInt8]) {
        let collector = Collector(limit: limit)
        var sink = gh_sink(
            ctx: Unmanaged.passUnretained(collector).toOpaque(),
            write: { context, bytes in
                guard let context, bytes.isSound else { return gh_status(GH_INVALID) }
                let collector = Unmanaged<Collector>.fromOpaque(context).takeUnretainedValue()
                return collector.add(bytes.bytes)
            })
        let status = withUnsafePointer(to: &sink, body)
        return withExtendedLifetime(collector) {
            collector.overflowed ? (gh_status(GH_LIMIT), []) : (status, collector.bytes)
        }
    }

    /// Writes bytes to a plugin's sink.
    static func write(_ bytes: UnsafeRawBufferPointer, to sink: UnsafePointer<gh_sink>?)
        -> gh_status
    {
        guard let sink, let write = sink.pointee.write else { return gh_status(GH_INVALID) }
        return write(sink.pointee.ctx, gh_str(bytes))
    }
}
