import CGatehouseHost
import Glibc

/// How many worker threads the machine gives this process.
enum ProcessorCount {
    /// The processors that affinity and the cgroup's quota allow; at least 1, at most 255 (a handle
    /// of the plugin ABI has eight bits for its loop).
    static func available() -> Int {
        bounded(affinity: Int(gatehouse_affinity_count()), quota: quota())
    }

    /// The lower of the two, a started share of a processor counted as a whole one.
    static func bounded(affinity: Int, quota: Double?) -> Int {
        var count = affinity
        if let quota, quota < Double(affinity) { count = Int(quota.rounded(.up)) }
        return min(max(count, 1), 255)
    }

    /// Reads `cpu.max` of cgroup v2: `QUOTA PERIOD` in microseconds, or `max PERIOD`.
    static func parseMax(_ text: String) -> Double? {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.count == 2, let quota = Double(words[0]), let period = Double(words[1]),
            quota > 0, period > 0
        else { return nil }
        return quota / period
    }

    /// The folder of the unified hierarchy in `/proc/self/cgroup` (`0::/path`).
    static func unifiedFolder(_ text: String) -> String? {
        for line in text.split(separator: "\n") where line.hasPrefix("0::") {
            return String(line.dropFirst(3))
        }
        return nil
    }

    /// The tightest quota from the process's own cgroup up to the root.
    private static func quota() -> Double? {
        var found: [Double] = []
        if let text = read("/proc/self/cgroup"), var folder = unifiedFolder(text) {
            while true {
                let file = "/sys/fs/cgroup\(folder == "/" ? "" : folder)/cpu.max"
                if let text = read(file), let value = parseMax(text) { found.append(value) }
                guard folder != "/", let slash = folder.lastIndex(of: "/") else { break }
                folder = slash == folder.startIndex ? "/" : String(folder[..<slash])
            }
        }
        let old = "/sys/fs/cgroup/cpu/cpu.cfs_"
        if let quota = read(old + "quota_us"), let period = read(old + "period_us"),
            let value = parseMax(quota + " " + period)
        {
            found.append(value)
        }
        return found.min()
    }

    private static func read(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = bytes.withUnsafeMutableBytes {
            Glibc.read(descriptor, $0.baseAddress, $0.count)
        }
        guard count > 0 else { return nil }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}
