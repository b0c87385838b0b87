internal import CGatehouse

/// Something that is under way.
struct PendingOperation {
    enum Kind {
        case begun
        case timer
        case channel
        case fetch(RecordedFetch)
        case join(String)
    }

    let kind: Kind
    /// The handle of the instance, and of the exchange or 0.
    let instance: UInt64
    let exchange: UInt64
    let token: UInt64
    /// The steady time at which it ends by itself.
    let deadline: UInt64?
}

/// A result on its way.
struct PendingDelivery {
    let instance: UInt64
    let exchange: UInt64
    let token: UInt64
    var status: Int32 = 0
    var answer: ScriptedAnswer?
    var payload: [UInt8] = []
    /// A broadcast: it reaches the loop before the control thread.
    var isBroadcast = false

    func result(_ memory: LentMemory) -> gh_result {
        var result = gh_result()
        result.struct_size = UInt32(MemoryLayout<gh_result>.size)
        result.status = status
        result.body = memory.lend(payload)
        if let answer {
            result.status = answer.failure
            result.http_status = answer.status
            result.body = memory.lend(answer.body)
            let fields = answer.fields.map {
                gh_field(name: memory.lend($0.name), value: memory.lend($0.value))
            }
            result.field_count = UInt32(fields.count)
            result.fields = memory.lend(values: fields).map { UnsafePointer($0) }
        }
        return result
    }
}

extension MemoryHost {
    /// Delivers everything that is under way and has its answer, until nothing is left.
    public func run() {
        answerFetches()
        var rounds = 0
        while !pending.isEmpty, rounds < 10_000 {
            deliver(pending.removeFirst())
            answerFetches()
            rounds += 1
        }
    }

    /// Moves both clocks, fires what became due, and delivers.
    public func advance(milliseconds: UInt64) {
        move(milliseconds)
        let due = operations.filter { ($0.value.deadline ?? .max) <= monotonicNanoseconds }
        let ordered = due.sorted {
            ($0.value.deadline ?? 0, $0.key) < ($1.value.deadline ?? 0, $1.key)
        }
        for (id, operation) in ordered {
            operations[id] = nil
            var status: Int32 = 0
            if case .timer = operation.kind {} else { status = Int32(GH_TIMEOUT) }
            pending.append(delivery(operation, status))
        }
        run()
    }

    func begin(
        _ kind: PendingOperation.Kind, _ instance: UInt64, _ exchange: UInt64, _ token: UInt64,
        after milliseconds: UInt32?
    ) -> UInt64 {
        let id = OperationOwners.add(self)
        operations[id] = PendingOperation(
            kind: kind, instance: instance, exchange: exchange, token: token,
            deadline: milliseconds.map { monotonicNanoseconds + UInt64($0) * 1_000_000 })
        return id
    }

    func delivery(_ operation: PendingOperation, _ status: Int32) -> PendingDelivery {
        PendingDelivery(
            instance: operation.instance, exchange: operation.exchange, token: operation.token,
            status: status)
    }

    /// An exchange or an instance has ended: nothing of it is delivered any more.
    func drop(owner: UInt64) {
        operations = operations.filter {
            $0.value.exchange != owner && $0.value.instance != owner
        }
        pending.removeAll { $0.exchange == owner || $0.instance == owner }
    }

    private func answerFetches() {
        for (id, operation) in operations.sorted(by: { $0.key < $1.key }) {
            guard case .fetch(let request) = operation.kind, let answer = answer(request) else {
                continue
            }
            operations[id] = nil
            var delivery = delivery(operation, answer.failure)
            delivery.answer = answer
            pending.append(delivery)
        }
    }

    private func deliver(_ delivery: PendingDelivery) {
        if delivery.exchange != 0 {
            Registry.object(delivery.exchange, MemoryExchange.self)?
                .resume(delivery.token, delivery)
            return
        }
        guard let instance = Registry.object(delivery.instance, MemoryInstance.self) else {
            return
        }
        let memory = LentMemory()
        defer { memory.revoke() }
        if delivery.isBroadcast {
            instance.policy?.notified?(
                instance.pointer, instance.loop, delivery.token, memory.lend(delivery.payload))
        }
        let result = memory.lend(values: [delivery.result(memory)])
        instance.plugin.completed?(
            instance.pointer, delivery.token, result.map { UnsafeRawPointer($0) })
    }
}
