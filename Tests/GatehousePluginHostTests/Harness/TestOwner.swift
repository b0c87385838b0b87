import GatehousePluginHost

/// The proxy's side of an exchange, recorded.
final class TestOwner: ExchangeOwner {
    var resumed: [(direction: Direction, step: Step)] = []
    var failures: [Fault] = []
    var written: [String] = []
    var refusesWrites = false
    var isFinished = false
    var described: [DescribedAttribute: String] = [
        .externalBase: "https://mcp.example", .peerAddress: "192.0.2.7",
    ]
    var whenResumed: ((ExchangeRun, Step) -> Void)?

    func exchange(_ run: ExchangeRun, resumed direction: Direction, with step: Step) {
        resumed.append((direction, step))
        whenResumed?(run, step)
    }

    func exchangeFailed(_ run: ExchangeRun, with fault: Fault) { failures.append(fault) }

    func exchange(_ run: ExchangeRun, write bytes: UnsafeRawBufferPointer) -> Bool {
        guard !refusesWrites else { return false }
        written.append(String(decoding: bytes, as: UTF8.self))
        return true
    }

    func exchangeFinished(_ run: ExchangeRun) { isFinished = true }

    func exchange(
        _ run: ExchangeRun, describe attribute: DescribedAttribute,
        into sink: (UnsafeRawBufferPointer) -> Void
    ) {
        guard var text = described[attribute] else { return }
        text.withUTF8 { sink(UnsafeRawBufferPointer($0)) }
    }
}
