public import GatehouseJSON
internal import Glibc

/// One recorded call of a provider's hook: what goes in and what must come out.
///
/// In a file, an object of an array:
///
/// - `name`: what the case shows; `hook`: `discover/0`; `configuration`: of the provider (`{}`
///   where it is left out); `input`: of the hook (`{}`);
/// - one of `output`, the whole answer, whatever the order of its members; `includes`, a part of
///   it: objects are compared member by member, `null` says that the member is not there; `error`,
///   the status in place of an answer: `unsupported`, `invalid`, or `refused` for a configuration
///   that the provider does not take.
///
/// `{"$file": "keycloak.json"}` stands anywhere for the value of that file of the folder
/// `Documents` beside the folder of the cases. The library is told nothing of the case.
public struct HookCase: Sendable, CustomStringConvertible {
    /// The file's name without its ending, and the case's own name.
    public var description: String
    /// The hook, with its revision.
    public var hook: String
    /// The provider's configuration.
    public var configuration: JSONValue
    /// What the hook is asked.
    public var input: JSONValue
    /// What it must answer.
    public var expectation: Expectation

    /// What is compared.
    public enum Expectation: Sendable, Hashable {
        /// The whole answer.
        case output(JSONValue)
        /// Members of it.
        case includes(JSONValue)
        /// No answer.
        case error(String)
    }

    /// A case.
    public init(
        description: String, hook: String, configuration: JSONValue, input: JSONValue,
        expectation: Expectation
    ) {
        self.description = description
        self.hook = hook
        self.configuration = configuration
        self.input = input
        self.expectation = expectation
    }

    /// Asks the provider, and says what is different; nil when all is as it was recorded.
    ///
    /// - Parameter entry: of a library whose first plugin is the provider.
    public func difference(entering entry: MemoryHost.Entry) -> String? {
        let outcome: Result<JSONValue, TestHostError>
        let host = MemoryHost()
        do throws(TestHostError) {
            try host.enter(entry)
        } catch {
            return "\(self): the library answered \(error.status)"
        }
        let instance: MemoryInstance
        do throws(TestHostError) {
            instance = try host.instance(configuration: configuration)
        } catch {
            return expectation == .error("refused") ? nil : "\(self): refused \(error.diagnostics)"
        }
        do throws(TestHostError) {
            outcome = .success(try instance.call(hook, input))
        } catch {
            outcome = .failure(error)
        }
        return compare(outcome)
    }

    private func compare(_ outcome: Result<JSONValue, TestHostError>) -> String? {
        switch (expectation, outcome) {
        case (.error(let name), .failure(let error)):
            let got = Self.names[error.status] ?? "\(error.status)"
            return got == name ? nil : "\(self): failed as \(got), not as \(name)"
        case (.error(let name), .success(let output)):
            return "\(self): answered \(output.serialized()), expected \(name)"
        case (_, .failure(let error)):
            return "\(self): failed as \(Self.names[error.status] ?? "\(error.status)")"
                + " \(error.diagnostics)"
        case (.output(let expected), .success(let output)):
            let wanted = expected.serialized(.canonical)
            let got = output.serialized(.canonical)
            return wanted == got ? nil : "\(self):\nanswered \(got)\nexpected \(wanted)"
        case (.includes(let expected), .success(let output)):
            let wrong = Self.missing(expected, in: output, at: JSONPointer())
            return wrong.map { "\(self): \($0)\nanswered \(output.serialized(.canonical))" }
        }
    }

    private static let names: [Int32: String] = [-2: "unsupported", -1: "invalid"]

    private static func missing(
        _ expected: JSONValue, in output: JSONValue, at pointer: JSONPointer
    ) -> String? {
        guard let members = expected.objectValue else {
            let wanted = expected.serialized(.canonical)
            return wanted == output.serialized(.canonical) ? nil : "\(pointer) is not \(wanted)"
        }
        guard let object = output.objectValue else { return "\(pointer) is no object" }
        for (name, value) in members {
            let place = pointer.appending(name)
            guard let found = object[name] else {
                if value.isNull { continue }
                return "\(place) is missing"
            }
            if value.isNull { return "\(place) is there" }
            if let wrong = missing(value, in: found, at: place) { return wrong }
        }
        return nil
    }
}

/// Why a folder of cases cannot be used.
public struct HookCasesError: Error, CustomStringConvertible {
    /// The file, and what is wrong.
    public var description: String
}

/// Folders of recorded cases.
public enum HookCases {
    /// Every case of every `*.json` file of a folder, by the files' names.
    ///
    /// - Throws: where the folder has no case, or a file is none.
    public static func load(_ folder: String) throws(HookCasesError) -> [HookCase] {
        var out: [HookCase] = []
        for name in names(folder) where name.hasSuffix(".json") {
            let path = "\(folder)/\(name)"
            guard let list = try value(path, documents: "\(folder)/../Documents").arrayValue else {
                throw HookCasesError(description: "\(path) is no array")
            }
            for (index, item) in list.enumerated() {
                out.append(try read(item, "\(name.dropLast(5))", "\(path)#\(index)"))
            }
        }
        guard !out.isEmpty else { throw HookCasesError(description: "\(folder) has no cases") }
        return out
    }

    /// The cases of the folder `Cases` beside a source file, `#filePath`; for a test's arguments,
    /// which cannot throw.
    public static func beside(_ file: String) -> Result<[HookCase], HookCasesError> {
        let folder = "/" + file.split(separator: "/").dropLast().joined(separator: "/")
        do throws(HookCasesError) {
            return .success(try load("\(folder)/Cases"))
        } catch {
            return .failure(error)
        }
    }

    private static func read(
        _ item: JSONValue, _ file: String, _ place: String
    ) throws(HookCasesError) -> HookCase {
        guard let name = item["name"]?.stringValue, let hook = item["hook"]?.stringValue else {
            throw HookCasesError(description: "\(place) lacks name or hook")
        }
        let expectations: [HookCase.Expectation?] = [
            item["output"].map { .output($0) }, item["includes"].map { .includes($0) },
            item["error"]?.stringValue.map { .error($0) },
        ]
        guard let expectation = expectations.compactMap({ $0 }).first,
            expectations.compactMap({ $0 }).count == 1
        else {
            throw HookCasesError(description: "\(place) needs one of output, includes and error")
        }
        return HookCase(
            description: "\(file): \(name)", hook: hook,
            configuration: item["configuration"] ?? [:], input: item["input"] ?? [:],
            expectation: expectation)
    }

    private static func value(
        _ path: String, documents: String
    ) throws(HookCasesError) -> JSONValue {
        guard let bytes = bytes(path) else {
            throw HookCasesError(description: "\(path) cannot be read")
        }
        let parsed: JSONValue
        do {
            parsed = try JSONValue(parsing: bytes)
        } catch {
            throw HookCasesError(description: "\(path): \(error)")
        }
        return try filled(parsed, documents)
    }

    /// The value with the files that it names in their places.
    private static func filled(
        _ value: JSONValue, _ documents: String
    ) throws(HookCasesError) -> JSONValue {
        switch value {
        case .array(let elements):
            var out: [JSONValue] = []
            for element in elements { out.append(try filled(element, documents)) }
            return .array(out)
        case .object(let members):
            if let name = members["$file"]?.stringValue, members.count == 1 {
                return try self.value("\(documents)/\(name)", documents: documents)
            }
            var out = JSONObject()
            for (name, member) in members { out[name] = try filled(member, documents) }
            return .object(out)
        default: return value
        }
    }

    private static func names(_ folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var out: [String] = []
        while let entry = readdir(directory) {
            out.append(
                withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                })
        }
        return out.sorted()
    }

    private static func bytes(_ path: String) -> [UInt8]? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&chunk, 1, chunk.count, file), count > 0 {
            bytes += chunk[..<count]
        }
        return bytes
    }
}
