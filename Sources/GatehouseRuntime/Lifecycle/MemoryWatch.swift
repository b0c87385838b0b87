import CGatehouseHost
import GatehouseConfig
import GatehouseProxy
import Glibc
import Logging

/// Measures the memory of the process against its bound, twice a second, on a thread of its own.
///
/// It is the memory of this process that is measured and not the group's, which counts files that
/// the kernel could drop.
final class MemoryWatch: Sendable {
    private let most: UInt64
    private let pressure: MemoryPressure
    private let logger: Logger
    private let stop = Semaphore()

    /// How often it looks, milliseconds.
    private static let interval = 500

    /// Starts where there is a bound; nil: there is none.
    init?(_ bound: MemoryBound, pressure: MemoryPressure, logger: Logger) {
        switch bound {
        case .off: return nil
        case .bytes(let bytes): most = UInt64(clamping: bytes)
        case .container:
            guard let found = ContainerMemory.most() else { return nil }
            most = found
        }
        self.pressure = pressure
        self.logger = logger
        Thread.start { [self] in run() }
    }

    /// Ends the thread, a moment later.
    func end() { stop.signal() }

    private func run() {
        repeat {
            guard var used = Self.residentBytes() else { return }
            if MemoryPressure.Level(used: used, of: most) > .none {
                // What connections have freed is still the allocator's: without this the process
                // would refuse for ever what it has room for.
                gatehouse_trim_memory()
                used = Self.residentBytes() ?? used
            }
            let level = MemoryPressure.Level(used: used, of: most)
            if level != pressure.level {
                logger.log(
                    level: level > .none ? .warning : .notice, "memory pressure: \(level)",
                    metadata: ["used": .stringConvertible(used), "most": .stringConvertible(most)])
                pressure.level = level
            }
        } while !stop.wait(milliseconds: Self.interval)
    }

    private static func residentBytes() -> UInt64? {
        SmallFile.read("/proc/self/statm").flatMap {
            residentBytes($0, page: UInt64(sysconf(Int32(_SC_PAGESIZE))))
        }
    }

    /// The second number of `/proc/self/statm`, in pages.
    static func residentBytes(_ statm: String, page: UInt64) -> UInt64? {
        let fields = statm.split(separator: " ")
        return fields.count > 1 ? UInt64(fields[1]).map { $0 &* page } : nil
    }
}

/// What the container of the process may use.
enum ContainerMemory {
    /// The tightest bound from the process's own group up to the root, bytes; nil: none.
    static func most() -> UInt64? {
        var found: [UInt64] = []
        if let text = SmallFile.read("/proc/self/cgroup"),
            var folder = ProcessorCount.unifiedFolder(text)
        {
            while true {
                let file = "/sys/fs/cgroup\(folder == "/" ? "" : folder)/memory.max"
                if let value = SmallFile.read(file).flatMap(parse) { found.append(value) }
                guard folder != "/", let slash = folder.lastIndex(of: "/") else { break }
                folder = slash == folder.startIndex ? "/" : String(folder[..<slash])
            }
        }
        let old = "/sys/fs/cgroup/memory/memory.limit_in_bytes"
        if let value = SmallFile.read(old).flatMap(parse) { found.append(value) }
        return found.min()
    }

    /// A number of bytes; `max`, and what no machine has, is no bound.
    static func parse(_ text: String) -> UInt64? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let value = UInt64(digits), value > 0, value < 1 << 50 else { return nil }
        return value
    }
}
