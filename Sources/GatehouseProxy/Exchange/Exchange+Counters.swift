import GatehouseHTTP
import Synchronization

/// What is counted of an exchange: integers of its loop, all at its end but one.
extension Exchange {
    /// The head is complete.
    @inline(__always)
    func countOpen() { worker.counters.add(CounterLayout.exchangesOpen) }

    /// Why there is no room for this exchange; nil: there is.
    @inline(__always)
    var overload: Cause? {
        let open = worker.counters.value(CounterLayout.exchangesOpen)
        if open > UInt64(worker.limits.exchangesPerLoop) { return .tooManyExchanges }
        return worker.memory.isRefusing ? .memoryPressure : nil
    }

    /// The exchange is over; called once for each, with its record.
    func count(_ outcome: ExchangeOutcome) {
        let counters = worker.counters
        if head != nil { counters.subtract(CounterLayout.exchangesOpen) }
        let durationNs = worker.nowNs &- startNs
        let row = CounterLayout.route(route?.row.load(ordering: .relaxed) ?? 0)
        counters.add(row + CounterLayout.statusClass(sentStatus))
        counters.add(row + CounterLayout.durationBucket(durationNs))
        counters.add(row + CounterLayout.durationSumNs, durationNs)
        counters.add(row + CounterLayout.requestBytes, requestBytes)
        counters.add(row + CounterLayout.responseBytes, responseBytes)
        counters.add(CounterLayout.outcome(outcome))
        if cause != .none { counters.add(CounterLayout.cause(cause)) }
    }

    /// Counts what was wrong with a request.
    func requestFault(_ fault: HTTPFault) {
        cause = .malformedRequest
        self.fault = fault.reason
        reason = fault.reason.rawValue
        worker.counters.add(CounterLayout.requestFault(fault.reason))
    }

    /// Counts what was wrong with the upstream's response.
    func responseFault(_ fault: HTTPFault) {
        cause = .malformedResponse
        self.fault = fault.reason
        reason = fault.reason.rawValue
        worker.counters.add(CounterLayout.responseFault(fault.reason))
    }
}
