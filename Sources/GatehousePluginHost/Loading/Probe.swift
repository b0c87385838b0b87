import CGatehouseHost
import Glibc

/// Tries a library in a child process before it is loaded into this one.
struct Probe: Sendable {
    /// The program that probes, with the arguments in front of the path.
    var prober: [String]
    /// How long one library may take, milliseconds.
    var limitMs: UInt32

    /// What came of it, when nothing is wrong.
    struct Finding: Sendable, Hashable {
        /// The plugins of the library, at least one.
        var plugins: [ProbedPlugin]
        /// Sentences about what works but should be looked at.
        var warnings: [String]
    }

    /// Loads the library in a child and asks it everything that can be asked.
    ///
    /// Blocks until the child has ended or was ended.
    /// - Throws: what is wrong with the library.
    func run(_ path: String) throws(PluginRefusal) -> Finding {
        let nonce = Self.nonce()
        let result = try ChildProcess.run(
            prober + [path, nonce], environment: Self.environment(), limitMs: limitMs)
        return try Self.judge(result, nonce: Array(nonce.utf8), limitMs: limitMs)
    }

    private static func nonce() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<2).map { _ in String(generator.next(), radix: 36) }.joined(separator: "-")
    }

    /// What the child may know of our environment: how to find libraries, and no secret.
    private static func environment() -> [String] {
        var kept = ["SWIFT_BACKTRACE=enable=no", "LC_ALL=C"]
        if let path = getenv("LD_LIBRARY_PATH") {
            kept.append("LD_LIBRARY_PATH=\(String(cString: path))")
        }
        return kept
    }

    // MARK: The judgement

    /// Decides from what a child left behind. Pure.
    static func judge(
        _ result: ChildResult, nonce: [UInt8], limitMs: UInt32
    ) throws(PluginRefusal) -> Finding {
        let report = try ProbeReport(parsing: result.report, nonce: nonce)
        guard report.hasBegun else { throw notStarted(result) }
        guard report.isComplete else { throw stopped(report, result, limitMs) }
        if let failure = report.failure { throw refusal(of: failure) }
        guard report.changedSignals == 0 else {
            throw PluginRefusal(
                .signalsChanged,
                "loading it changes what the process does on "
                    + names(ofSignals: report.changedSignals))
        }
        guard !report.plugins.isEmpty else {
            throw PluginRefusal(.badReport, "the probing process reported no plugin")
        }
        guard report.abiMinorRequired <= Admission.abiMinor else {
            throw PluginRefusal(
                .wrongABI,
                "it asks for version \(Admission.abiMajor).\(report.abiMinorRequired) of the "
                    + "plugin ABI; this gateway speaks \(Admission.abiMajor).\(Admission.abiMinor)")
        }
        return Finding(plugins: report.plugins, warnings: warnings(report, result))
    }

    private static func notStarted(_ result: ChildResult) -> PluginRefusal {
        PluginRefusal(
            .notProbed,
            "the process that would try it did not begin (\(words(result.end)))\(quote(result))")
    }

    private static func stopped(
        _ report: ProbeReport, _ result: ChildResult, _ limitMs: UInt32
    ) -> PluginRefusal {
        let doing = report.stage?.words ?? "nothing had been asked of it yet"
        switch result.end {
        case .timedOut:
            return PluginRefusal(
                .timedOut, "it did not come to an end within \(limitMs) ms while \(doing)")
        case .signalled(let number):
            return PluginRefusal(
                .crashed, "it crashed (\(name(ofSignal: number))) while \(doing)\(quote(result))")
        case .exited(0) where report.hasRemainder:
            return PluginRefusal(
                .badReport, "it wrote into the report of the probing process while \(doing)")
        case .exited(let status):
            return PluginRefusal(
                .exited,
                "it ended the process (exit status \(status)) while \(doing)"
                    + quote(result))
        case .tooMuch:
            return PluginRefusal(.badReport, "it wrote without end while \(doing)")
        }
    }

    private static func refusal(of failure: ProbeReport.Failure) -> PluginRefusal {
        let sentence = LoadingText.printable(failure.sentence, most: 400)
        switch failure.code {
        case GATEHOUSE_FAILURE_LOAD:
            return PluginRefusal(.notLoadable, "it cannot be loaded: \(sentence)")
        case GATEHOUSE_FAILURE_SYMBOL:
            return PluginRefusal(.missingSymbol, "it does not export gatehouse_plugin_entry_v1")
        case GATEHOUSE_FAILURE_ENTRY:
            return PluginRefusal(.entryFailed, "its entry answered the status \(sentence)")
        default:
            return PluginRefusal(.entryFailed, sentence)
        }
    }

    private static func warnings(_ report: ProbeReport, _ result: ChildResult) -> [String] {
        var found: [String] = []
        if !result.output.isEmpty {
            let shown = LoadingText.printable(result.output, most: 60)
            found.append("writes to standard output while it is loaded: \"\(shown)\"")
        }
        if report.threads > 1 {
            found.append("starts \(report.threads - 1) threads while it is loaded")
        }
        return found
    }

    // MARK: Words

    private static func words(_ end: ChildEnd) -> String {
        switch end {
        case .exited(let status): "exit status \(status)"
        case .signalled(let number): name(ofSignal: number)
        case .timedOut: "time limit"
        case .tooMuch: "too much output"
        }
    }

    /// The last line that the library wrote to standard error.
    private static func quote(_ result: ChildResult) -> String {
        guard let line = result.errors.split(separator: 0x0a).last else { return "" }
        return "; it said \"\(LoadingText.printable(line, most: 160))\""
    }

    static func names(ofSignals mask: UInt64) -> String {
        (1..<64).filter { mask >> UInt64($0) & 1 == 1 }.map { name(ofSignal: Int32($0)) }
            .joined(separator: ", ")
    }

    static func name(ofSignal number: Int32) -> String {
        guard let text = gatehouse_signal_name(number) else { return "signal \(number)" }
        return "SIG\(String(cString: text))"
    }
}
