import GatehousePluginHost
import NIOCore

/// An outbound request of a plugin. Outbound requests follow with the next change; until then every
/// one fails.
final class Fetch: UpstreamUser {
    private let id: UInt64
    private let worker: Worker
    private let completion: @Sendable (FetchOutcome) -> Void

    init(
        id: UInt64, request: FetchRequest, worker: Worker,
        completion: @escaping @Sendable (FetchOutcome) -> Void
    ) {
        self.id = id
        self.worker = worker
        self.completion = completion
    }

    func start() {
        let (completion, id, worker) = (completion, id, worker)
        worker.loop.execute {
            worker.fetches[id] = nil
            completion(FetchOutcome(status: -11, httpStatus: 0, fields: [], body: []))
        }
    }

    func cancel() {}
}
