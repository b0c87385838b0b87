/// The proxy's side of an exchange: what the host tells it between the calls that it makes.
///
/// **Thread:** the exchange's loop. Never called inside a call of the proxy into `ExchangeRun`,
/// except `exchange(_:write:)`, `exchangeFinished` and `exchange(_:describe:into:)`, which answer
/// what a policy does in its callback. After `ExchangeRun.end` nothing is called.
public protocol ExchangeOwner: AnyObject {
    /// A pause is over: perform `step` as if the call that answered `.paused` had answered it.
    func exchange(_ run: ExchangeRun, resumed direction: Direction, with step: Step)

    /// A policy gave the exchange up outside a pause, or finished it (`.finished`: a stream that
    /// outlives its token): finish what was sent as far as the protocol allows, else cut it, then
    /// `end`.
    func exchangeFailed(_ run: ExchangeRun, with fault: Fault)

    /// Bytes of a streamed response, after `.streaming` was performed.
    /// - Returns: false when nothing was taken; `ExchangeRun.writable()` is called later.
    func exchange(_ run: ExchangeRun, write bytes: UnsafeRawBufferPointer) -> Bool

    /// The streamed response is complete.
    func exchangeFinished(_ run: ExchangeRun)

    /// A policy wants something that is composed on demand; call `sink` at most once.
    func exchange(
        _ run: ExchangeRun, describe attribute: DescribedAttribute,
        into sink: (UnsafeRawBufferPointer) -> Void)
}
