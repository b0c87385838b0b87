// swift-tools-version: 6.2
import PackageDescription

/// Settings of every Swift target: Swift 6 mode, warnings are errors, imports are internal unless
/// said otherwise.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
    name: "GatehouseSDK",
    products: [
        .library(name: "CGatehouse", targets: ["CGatehouse"]),
        .library(name: "GatehouseJSON", targets: ["GatehouseJSON"]),
        .library(name: "GatehousePluginKit", targets: ["GatehousePluginKit"]),
        .library(name: "GatehouseTesting", targets: ["GatehouseTesting"]),
    ],
    targets: [
        .target(name: "CGatehouse"),
        .target(name: "GatehouseJSON", swiftSettings: strict),
        .target(
            name: "GatehousePluginKit", dependencies: ["CGatehouse", "GatehouseJSON"],
            swiftSettings: strict),
        .target(
            name: "GatehouseTesting", dependencies: ["CGatehouse", "GatehouseJSON"],
            swiftSettings: strict),
        .testTarget(
            name: "GatehouseJSONTests", dependencies: ["GatehouseJSON"], swiftSettings: strict),
        .testTarget(
            name: "GatehousePluginKitTests",
            dependencies: [
                "GatehousePluginKit", "GatehouseTesting", "CGatehouse", "GatehouseJSON",
            ],
            swiftSettings: strict),
    ]
)
