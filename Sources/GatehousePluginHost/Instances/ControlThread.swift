/// The one serialized thread outside the event loops, tag [control] of the ABI.
public final class ControlThread: Sendable {
    /// Runs a task after those before it.
    ///
    /// **Thread:** any.
    public func async(_ task: @escaping @Sendable () -> Void) {}

    /// Runs a task and waits for it; on the control thread itself at once.
    ///
    /// Never on a loop.
    public func sync<T: Sendable>(_ task: @Sendable () -> T) -> T { task() }

    /// A manual clock was advanced: timers that are due now run.
    public func clockAdvanced() {}
}
