import Testing

@testable import GatehousePluginHost

/// The reader of ELF files: pure, bounded, and safe on whatever a file holds.
@Suite("Loading: what a library file says")
struct LoadingFactsTests {
    let fixtures = LoadingFixtures.shared

    @Test func `facts of a good library`() throws {
        let facts = try LibraryFacts(parsing: bytes("good_policy"))
        #expect(facts.exportsEntry)
        #expect(facts.otherExports == 0)
        #expect(facts.needed == ["libc.so.6"])
        #expect(!facts.hasGoRuntime)
        let descriptor = try #require(facts.descriptor)
        #expect(descriptor.abiMajor == 1 && descriptor.abiMinorRequired == 0)
        #expect(!descriptor.isFirstParty && descriptor.buildStamp == Array(repeating: 0, count: 16))
    }

    @Test func `run paths and needed libraries are read`() throws {
        let facts = try LibraryFacts(parsing: bytes("private_library"))
        #expect(facts.runPaths == ["$ORIGIN/../lib"])
        #expect(facts.needed.contains("libfixturehelper.so"))
    }

    @Test func `further exports are counted and named`() throws {
        let facts = try LibraryFacts(parsing: bytes("undefined_symbol"))
        #expect(facts.otherExports == 1 && facts.firstOtherExport == "calls_it")
        let warnings = try Admission().check(facts)
        #expect(warnings.count == 1)
    }

    @Test func `what is no ELF file`() throws {
        #expect(code([]) == .notELF)
        #expect(code(Array("#!/bin/sh\n".utf8)) == .notELF)
        #expect(code([0x7f, 0x45, 0x4c]) == .notELF)
        #expect(code([0x7f, 0x45, 0x4c, 0x46]) == .truncated)
    }

    @Test(arguments: [
        (4, 1, "64-bit"), (5, 2, "big-endian"), (18, 40, "arm"), (18, 8, "machine 8"),
        (16, 2, "no shared library"),
    ])
    func `what is built for another machine`(at: Int, value: Int, words: String) throws {
        var file = try bytes("good_policy")
        file[at] = UInt8(value)
        let refusal = try #require(self.refusal(file))
        #expect(refusal.code == .wrongMachine && refusal.reason.contains(words), "\(refusal)")
    }

    @Test func `every shorter file is refused`() throws {
        let file = try bytes("good_policy")
        for count in stride(from: 4, to: file.count, by: 37) {
            #expect(code(Array(file.prefix(count))) == .truncated, "\(count) bytes")
        }
    }

    @Test func `an executable is not a library with an entry`() throws {
        let refusal = try #require(admission(try LoadingFixtures.read(fixtures.program("prober"))))
        #expect([.missingSymbol, .wrongMachine].contains(refusal.code))
    }

    // MARK: Admission

    @Test(arguments: ["libswiftCore.so", "libFoundation.so", "lib_FoundationICU.so"])
    func `the shared Swift runtime is for first-party plugins`(name: String) throws {
        var facts = try LibraryFacts(parsing: bytes("good_policy"))
        facts.needed.append(name)
        #expect(verdict(facts, Admission()) == .foreignSwiftRuntime)
        facts.descriptor?.flags = 1
        #expect(verdict(facts, Admission()) == nil)
    }

    @Test func `a first-party plugin of another build is refused`() throws {
        var facts = try LibraryFacts(parsing: bytes("good_policy"))
        facts.descriptor?.flags = 1
        let stamp = [UInt8](repeating: 7, count: 16)
        #expect(verdict(facts, Admission(buildStamp: stamp)) == .otherBuild)
        facts.descriptor?.buildStamp = stamp
        #expect(verdict(facts, Admission(buildStamp: stamp)) == nil)
        // A third party's plugin has no build of ours.
        facts.descriptor?.flags = 0
        facts.descriptor?.buildStamp = []
        #expect(verdict(facts, Admission(buildStamp: stamp)) == nil)
    }

    @Test func `a Go runtime is refused unless allowed`() throws {
        var facts = try LibraryFacts(parsing: bytes("good_policy"))
        facts.hasGoRuntime = true
        #expect(verdict(facts, Admission()) == .goRuntime)
        #expect(verdict(facts, Admission(allowsGo: true)) == nil)
    }

    @Test func `a Go runtime is found by the names of its sections`() throws {
        var file = try bytes("good_policy")
        // The name of a section that the reader does not need is overwritten in place: this one
        // and its neighbour together are as long as the one that Go's linker writes.
        let name = Array(".eh_frame_hdr\0".utf8)
        let at = try #require(file.indices.last { file[$0...].starts(with: name) })
        file.replaceSubrange(at..<at + 11, with: Array(".gopclntab\0".utf8))
        #expect(try LibraryFacts(parsing: file).hasGoRuntime)
    }

    // MARK: Hostile files

    @Test func `no file makes the reader trap`() throws {
        let good = try bytes("good_policy")
        var random = Xorshift(state: 0x9e37_79b9_7f4a_7c15)
        var refused = 0
        for _ in 0..<4_000 {
            var file = good
            for _ in 0...Int(random.next() % 4) { mutate(&file, &random) }
            if admission(file) != nil { refused += 1 }
        }
        #expect(refused > 500, "the mutations hit what matters")
    }

    @Test func `extreme numbers in every header field are refused or harmless`() throws {
        let good = try bytes("good_policy")
        let table = Int(good[40..<48].reversed().reduce(0) { $0 << 8 | UInt64($1) })
        let places = Array(0..<64) + Array(64..<64 + 56 * 4) + Array(table..<good.count)
        for place in places where place % 4 == 0 {
            for value: UInt64 in [
                .max, .max - 7, 1 << 63, UInt64(good.count), UInt64(good.count) - 1,
            ] {
                var file = good
                for byte in 0..<8 where place + byte < file.count {
                    file[place + byte] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(byte)))
                }
                _ = admission(file)
            }
        }
    }

    /// With a thousand tables of symbols over one range the reader would be busy for hours.
    @Test func `a second table of symbols is refused`() throws {
        var file = try bytes("good_policy")
        let table = Int(file[40..<48].reversed().reduce(0) { $0 << 8 | UInt64($1) })
        let headers = stride(from: table, to: file.count - 63, by: 64)
        let other = try #require(headers.first { file[$0 + 4] == 1 })
        file[other + 4] = UInt8(ELFSection.dynamicSymbols)
        let refusal = try #require(self.refusal(file))
        #expect(refusal.code == .truncated && refusal.reason.contains("several tables"))
    }

    private func mutate(_ file: inout [UInt8], _ random: inout Xorshift) {
        let table = Int(
            file.count > 48 ? file[40..<44].reversed().reduce(0) { $0 << 8 | Int($1) } : 0)
        switch random.next() % 4 {
        case 0: file = Array(file.prefix(Int(random.next() % UInt64(max(file.count, 1)))))
        case 1 where file.count > 64:
            file[Int(random.next() % 64)] = UInt8(truncatingIfNeeded: random.next())
        case 2 where table > 0 && table + 64 < file.count:
            let at = table + Int(random.next() % UInt64(file.count - table))
            file[at] = UInt8(truncatingIfNeeded: random.next())
        default:
            guard !file.isEmpty else { return }
            file[Int(random.next() % UInt64(file.count))] ^= UInt8(1 << (random.next() % 8))
        }
    }

    // MARK: Helpers

    private func bytes(_ name: String) throws -> [UInt8] {
        try LoadingFixtures.read(fixtures.library(name))
    }

    private func refusal(_ file: [UInt8]) -> PluginRefusal? {
        do throws(PluginRefusal) { _ = try LibraryFacts(parsing: file) } catch { return error }
        return nil
    }

    private func code(_ file: [UInt8]) -> PluginRefusal.Code? { refusal(file)?.code }

    private func admission(_ file: [UInt8]) -> PluginRefusal? {
        do throws(PluginRefusal) {
            _ = try Admission().check(LibraryFacts(parsing: file))
        } catch { return error }
        return nil
    }

    private func verdict(_ facts: LibraryFacts, _ admission: Admission = Admission())
        -> PluginRefusal.Code?
    {
        do throws(PluginRefusal) { _ = try admission.check(facts) } catch { return error.code }
        return nil
    }
}

/// Numbers that are the same in every run.
struct Xorshift {
    var state: UInt64

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
