/// Deadlines of a request's body.
extension Exchange {
    /// The client has to send the next part of its body; with `isAnew` it is waited for from now.
    func awaitBody(isAnew: Bool) {
        guard !isRequestComplete, !isRequestPaused, responsePhase == .waiting, let route else {
            return
        }
        if isAnew { bodyPace.restart(nowNs: worker.nowNs, bytes: requestBytes) }
        connection?.deadlineNs = bodyPace.dueNs(
            nowNs: worker.nowNs, bytes: requestBytes, silenceMs: route.timeouts.requestBodyMs,
            rate: route.timeouts.requestBodyRate)
    }

    /// The upstream has to take what it was sent.
    func awaitUpstream() {
        guard !isRequestComplete, responsePhase == .waiting, let route else { return }
        connection?.deadlineNs = worker.after(route.timeouts.writeMs)
    }
}
