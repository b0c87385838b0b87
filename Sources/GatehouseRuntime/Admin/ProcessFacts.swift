import Glibc

/// What the kernel says of this process, for the metrics. What cannot be read is nil.
struct ProcessFacts: Equatable {
    /// Processor time of all threads, seconds.
    var cpuSeconds: Double?
    /// Memory in the machine, bytes.
    var residentBytes: UInt64?
    /// Address space, bytes.
    var virtualBytes: UInt64?
    /// When the process began, Unix time in seconds.
    var startSeconds: Double?
    /// Threads.
    var threads: UInt64?
    /// Descriptors that are open.
    var descriptors: UInt64?
    /// The soft limit on descriptors.
    var descriptorsMax: UInt64?

    /// Nothing.
    init() {}

    /// Reads them now; a few system calls, one for each hundred descriptors.
    static func read() -> ProcessFacts {
        var facts = ProcessFacts()
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        let page = UInt64(sysconf(Int32(_SC_PAGESIZE)))
        if let stat = SmallFile.read("/proc/self/stat") {
            facts.take(stat: stat, ticks: ticks, page: page)
        }
        if let boot = SmallFile.read("/proc/stat", limit: 1 << 20).flatMap(bootSeconds) {
            facts.startSeconds = facts.startSeconds.map { $0 + boot }
        } else {
            facts.startSeconds = nil
        }
        facts.descriptors = DescriptorLimit.inUse()
        facts.descriptorsMax = DescriptorLimit.current()
        return facts
    }

    /// Takes what `/proc/self/stat` says; the start is counted from the machine's.
    mutating func take(stat: String, ticks: Double, page: UInt64) {
        // The second field is the program's name in parentheses, and may hold anything.
        guard let end = stat.lastIndex(of: ")") else { return }
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        func field(_ number: Int) -> UInt64? {
            let at = number - 3
            return at < fields.count ? UInt64(fields[at]) : nil
        }
        if let user = field(14), let system = field(15) {
            cpuSeconds = Double(user + system) / ticks
        }
        threads = field(20)
        startSeconds = field(22).map { Double($0) / ticks }
        virtualBytes = field(23)
        residentBytes = field(24).map { $0 * page }
    }

    /// `btime` of `/proc/stat`: when the machine began.
    static func bootSeconds(_ stat: String) -> Double? {
        for line in stat.split(separator: "\n") where line.hasPrefix("btime ") {
            return Double(line.dropFirst(6))
        }
        return nil
    }
}

/// Files of /proc and /sys.
enum SmallFile {
    /// The text of a file, at most `limit` bytes of it; nil: it cannot be read.
    static func read(_ path: String, limit: Int = 4_096) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: limit)
        var used = 0
        while used < limit {
            let count = bytes.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress.map { $0 + used }, limit - used)
            }
            guard count > 0 else { break }
            used += count
        }
        return used > 0 ? String(decoding: bytes[..<used], as: UTF8.self) : nil
    }
}

/// The limit on descriptors (RLIMIT_NOFILE).
enum DescriptorLimit {
    private static var resource: __rlimit_resource_t {
        __rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue))
    }

    /// The soft limit; nil: it cannot be read.
    static func current() -> UInt64? {
        var limit = rlimit()
        return getrlimit(resource, &limit) == 0 ? UInt64(limit.rlim_cur) : nil
    }

    /// The descriptors that are open; nil: there is none left to look with.
    static func inUse() -> UInt64? {
        guard let folder = opendir("/proc/self/fd") else { return nil }
        defer { closedir(folder) }
        var count: UInt64 = 0
        while let entry = readdir(folder) {
            if entry.pointee.d_name.0 != 0x2e { count += 1 }
        }
        // The one for the folder itself.
        return count > 0 ? count - 1 : 0
    }

    /// Raises the soft limit to the hard one, which is what the operator allows.
    static func raise() {
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(resource, &limit)
    }
}
