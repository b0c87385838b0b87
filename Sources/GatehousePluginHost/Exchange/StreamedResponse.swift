/// The state of a streamed local response.
struct StreamedResponse {
    /// A policy called respond_start.
    var isStarted = false
    /// The proxy has written the head: bytes go to it directly.
    var isFlowing = false
    /// respond_finish was called.
    var isFinished = false
    /// A write was refused: `resumed(writableToken)` is owed.
    var owesWake = false
    var writableToken: UInt64 = 0
    var backlog: [UInt8] = []
}
