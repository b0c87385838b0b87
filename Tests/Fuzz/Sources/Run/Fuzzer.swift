import Glibc

/// What libFuzzer calls; `GATEHOUSE_FUZZ_TARGET` names the target.
///
/// `gatehouse-fuzz list` prints the targets and their longest inputs, `gatehouse-fuzz verdicts`
/// answers inputs with verdicts (see `Verdicts`).
@_cdecl("LLVMFuzzerInitialize")
public func initialize(
    _ count: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>
) -> Int32 {
    let words = (1..<max(Int(count.pointee), 1)).compactMap { at in
        arguments.pointee?[at].map { String(cString: $0) }
    }
    switch words.first {
    case "list":
        for target in FuzzTarget.all { print(target.name, target.longest) }
        exit(0)
    case "verdicts":
        Verdicts.run()
        exit(0)
    default: break
    }
    if current == nil {
        print("GATEHOUSE_FUZZ_TARGET must name one of: gatehouse-fuzz list")
        exit(2)
    }
    return 0
}

/// One input. An invariant that does not hold ends the process, so that libFuzzer keeps the input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafeRawPointer?, _ count: Int) -> Int32 {
    do {
        try current?.check(UnsafeRawBufferPointer(start: start, count: count))
    } catch {
        fatalError("BROKEN \(current?.name ?? ""): \(error)")
    }
    return 0
}

private let current: FuzzTarget? = {
    guard let name = getenv("GATEHOUSE_FUZZ_TARGET").map({ String(cString: $0) }) else {
        return nil
    }
    return FuzzTarget.all.first { $0.name == name }
}()
