// swift-tools-version: 6.2
import PackageDescription

// MARK: Settings

/// Every Swift target: Swift 6 mode, warnings are errors, imports internal unless said otherwise.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    // Debug builds, and with them every test, check at run time that no access to a stored property
    // overlaps another; the released code does not pay for it: a look into thread-local storage for
    // each access, a fifth of what the gateway itself spends on a request (docs/adr/0005).
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

/// A first-party plugin library: one exported symbol, never unloaded, complete at link time, and
/// the Swift runtime found in `lib/` beside `plugins/` (docs/architecture.md, "How it is built").
let pluginLinking: [LinkerSetting] = [
    .unsafeFlags([
        "-Xlinker", "--version-script=\(Context.packageDirectory)/SDK/plugin.map",
        "-Xlinker", "-z", "-Xlinker", "nodelete", "-Xlinker", "-z", "-Xlinker", "defs",
        "-no-toolchain-stdlib-rpath", "-Xlinker", "-rpath=$ORIGIN/../lib",
    ])
]

func sdk(_ name: String) -> Target.Dependency { .product(name: name, package: "SDK") }
func nio(_ name: String) -> Target.Dependency { .product(name: name, package: "swift-nio") }

// MARK: Plugins

/// Declares one plugin: its logic (tested as Swift), its C export, and the library product.
/// `cases` are the folders of recorded cases beside its tests (`HookCases` in the SDK).
func plugin(
    _ name: String, product: String, in folder: String, logic: [Target.Dependency] = [],
    cases: [String] = []
) -> (product: Product, targets: [Target]) {
    let targets: [Target] = [
        .target(
            name: "\(name)Logic",
            dependencies: [sdk("GatehousePluginKit"), sdk("GatehouseJSON")] + logic,
            path: "Plugins/\(folder)/\(name)/Logic", swiftSettings: strict),
        .target(
            name: "\(name)Export",
            dependencies: [
                .target(name: "\(name)Logic"), sdk("GatehousePluginKit"), sdk("CGatehouse"),
            ],
            path: "Plugins/\(folder)/\(name)/Export", swiftSettings: strict,
            linkerSettings: pluginLinking),
        .testTarget(
            name: "\(name)Tests",
            dependencies: [
                .target(name: "\(name)Logic"), sdk("GatehousePluginKit"), sdk("GatehouseJSON"),
                sdk("GatehouseTesting"), sdk("CGatehouse"),
            ] + logic + (cases.isEmpty ? [] : ["GatehouseSchema"]),
            exclude: cases, swiftSettings: strict),
    ]
    let library = Product.library(name: product, type: .dynamic, targets: ["\(name)Export"])
    return (library, targets)
}

let plugins = [
    plugin("Cors", product: "cors", in: "Policies"),
    plugin(
        "McpAuthentication", product: "mcpAuthentication", in: "Policies",
        logic: ["GatehouseJOSE"], cases: ["Fixtures"]),
    plugin(
        "Keycloak", product: "keycloak", in: "Providers", cases: ["Cases", "Documents"]),
    plugin("Entra", product: "entra", in: "Providers", cases: ["Cases", "Documents"]),
    plugin("GitHub", product: "github", in: "Providers", cases: ["Cases"]),
    plugin("Oidc", product: "oidc", in: "Providers", cases: ["Cases", "Documents"]),
]

// MARK: The core

let core: [Target] = [
    .systemLibrary(name: "CLibCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CLibYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .target(name: "CGatehouseHost", dependencies: [sdk("CGatehouse")]),
    .target(name: "GatehouseHTTP", swiftSettings: strict),
    .target(name: "GatehouseRegex", swiftSettings: strict),
    .target(
        name: "GatehouseSchema", dependencies: [sdk("GatehouseJSON"), "GatehouseRegex"],
        swiftSettings: strict),
    .target(
        name: "GatehouseConfig",
        dependencies: ["CLibYAML", sdk("GatehouseJSON"), "GatehouseSchema", "GatehouseRegex"],
        swiftSettings: strict),
    .target(
        name: "GatehousePluginHost",
        dependencies: [
            "GatehouseHTTP", "GatehouseSchema", "CGatehouseHost", sdk("CGatehouse"),
            sdk("GatehouseJSON"),
        ], swiftSettings: strict),
    .target(
        name: "GatehouseProxy",
        dependencies: [
            "GatehousePluginHost", "GatehouseHTTP", "GatehouseRegex", "CGatehouseHost",
            nio("NIOCore"), nio("NIOPosix"),
            nio("NIOTLS"), .product(name: "NIOSSL", package: "swift-nio-ssl"),
            .product(name: "Logging", package: "swift-log"),
        ], swiftSettings: strict),
    .target(
        name: "GatehouseRuntime",
        dependencies: [
            "GatehouseProxy", "GatehousePluginHost", "GatehouseConfig", "GatehouseSchema",
            "GatehouseHTTP", "GatehouseRegex", "CGatehouseHost", sdk("GatehouseJSON"),
            nio("NIOCore"), nio("NIOPosix"), .product(name: "Logging", package: "swift-log"),
        ], swiftSettings: strict),
    .executableTarget(
        name: "gatehouse",
        dependencies: [
            "GatehouseRuntime",
            .product(name: "ArgumentParser", package: "swift-argument-parser"),
        ], swiftSettings: strict,
        linkerSettings: [.unsafeFlags(["-Xlinker", "--no-export-dynamic"])]),
    .target(
        name: "GatehouseJOSE", dependencies: ["CLibCrypto", sdk("GatehouseJSON")],
        swiftSettings: strict),
    .executableTarget(
        name: "DemoServices",
        dependencies: [
            "CLibCrypto", sdk("GatehouseJSON"), "GatehouseJOSE",
            nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"),
            .product(name: "ArgumentParser", package: "swift-argument-parser"),
        ], swiftSettings: strict),
]

// MARK: Benchmarks

/// What the gateway's allocations are compared with; not part of the product.
let benchmarks: [Target] = [
    .executableTarget(
        name: "NIOForwarder", dependencies: [nio("NIOCore"), nio("NIOPosix")],
        path: "Benchmarks/forwarder", swiftSettings: strict)
]

// MARK: The fuzzer

/// What the fuzz targets of Tests/Fuzz need; as a test they replay the committed corpus.
let fuzzed: [Target.Dependency] = [
    "GatehouseHTTP", "GatehouseProxy", "GatehouseConfig", "GatehouseSchema", "GatehouseRegex",
    "GatehousePluginHost", "GatehouseJOSE", "CorsLogic", "McpAuthenticationLogic",
    sdk("GatehouseJSON"),
]

/// The package as scripts/fuzz builds it, `GATEHOUSE_FUZZ=1`: the libraries that read bytes of
/// others, of the proxy the files that need no event loop, and the fuzzer.
let fuzzer: [Target] =
    (core + plugins.flatMap(\.targets)).filter {
        [
            "CLibCrypto", "CLibYAML", "CGatehouseHost", "GatehouseHTTP", "GatehouseRegex",
            "GatehouseSchema", "GatehouseConfig", "GatehousePluginHost", "GatehouseJOSE",
            "CorsLogic", "McpAuthenticationLogic",
        ].contains($0.name)
    } + [
        .target(
            name: "GatehouseProxy", dependencies: ["GatehouseHTTP"],
            sources: [
                "Exchange/ForwardedFor.swift", "Model/ProxyLimits.swift",
                "Names/PublicAddress.swift",
            ], swiftSettings: strict),
        .executableTarget(
            name: "gatehouse-fuzz", dependencies: fuzzed, path: "Tests/Fuzz/Sources",
            exclude: ["Replay"], sources: ["Targets", "Run"], swiftSettings: strict),
    ]

let isFuzzing = Context.environment["GATEHOUSE_FUZZ"] != nil

// MARK: Tests

/// The tests of one target; the vectors lie in Tests/Vectors and are read from the source tree.
func tests(_ name: String, _ more: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.target(name: name)] + more, swiftSettings: strict)
}

let coreTests: [Target] = [
    tests("GatehouseHTTP", [sdk("GatehouseJSON")]),
    tests("GatehouseRegex"),
    tests("GatehouseSchema", [sdk("GatehouseJSON")]),
    tests("GatehouseConfig", [sdk("GatehouseJSON"), "GatehouseSchema"]),
    tests(
        "GatehousePluginHost",
        [
            sdk("CGatehouse"), sdk("GatehouseTesting"), sdk("GatehouseJSON"), "GatehouseHTTP",
            "CGatehouseHost",
        ]),
    tests(
        "GatehouseProxy",
        [
            "GatehousePluginHost", "GatehouseHTTP", sdk("CGatehouse"), sdk("GatehouseJSON"),
            nio("NIOCore"), nio("NIOPosix"), nio("NIOEmbedded"),
            .product(name: "NIOSSL", package: "swift-nio-ssl"),
        ]),
    tests(
        "GatehouseRuntime",
        [
            sdk("GatehouseJSON"), "GatehouseConfig", "GatehousePluginHost", "GatehouseProxy",
            "GatehouseHTTP", .product(name: "Logging", package: "swift-log"),
        ]),
    tests("GatehouseJOSE", [sdk("GatehouseJSON"), "CLibCrypto"]),
    tests(
        "DemoServices", [sdk("GatehouseJSON"), "GatehouseJOSE", nio("NIOCore"), nio("NIOHTTP1")]),
    .testTarget(name: "HouseRulesTests", swiftSettings: strict),
    .testTarget(
        name: "FuzzTests", dependencies: fuzzed, path: "Tests/Fuzz/Sources",
        exclude: ["Run"], sources: ["Targets", "Replay"], swiftSettings: strict),
]

// MARK: A part of the package

/// `GATEHOUSE_ONLY=GatehouseHTTP,Cors swift test` builds and tests these targets and what they
/// need.
func selected(_ all: [Target]) -> [Target] {
    guard let only = Context.environment["GATEHOUSE_ONLY"] else { return all }
    var wanted = Set(
        only.split(separator: ",").flatMap { ["\($0)", "\($0)Logic", "\($0)Tests"] })
    var grew = true
    while grew {
        let needed = all.filter { wanted.contains($0.name) }.flatMap(\.dependencies).compactMap {
            switch $0 {
            case .targetItem(let name, _), .byNameItem(let name, _): name
            default: nil
            }
        }
        grew = !wanted.isSuperset(of: needed)
        wanted.formUnion(needed)
    }
    return all.filter { wanted.contains($0.name) }
}

let isPart = isFuzzing || Context.environment["GATEHOUSE_ONLY"] != nil

// MARK: The package

let package = Package(
    name: "gatehouse",
    products: isPart
        ? [] : [.executable(name: "gatehouse", targets: ["gatehouse"])] + plugins.map(\.product),
    dependencies: [
        .package(path: "SDK"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    ],
    targets: isFuzzing
        ? fuzzer : selected(core + plugins.flatMap(\.targets) + benchmarks + coreTests)
)
