@testable import GatehousePluginHost

/// What a plugin library's file, its manifest and the report of its probe say.
enum LibraryFuzz {
    static func checkFacts(_ input: UnsafeRawBufferPointer) throws {
        let bytes = Array(input)
        do {
            let facts = try LibraryFacts(parsing: bytes)
            try hold(facts.needed.count <= LoadingLimits.elfDynamicMax, "too many names")
            try hold(try LibraryFacts(parsing: bytes) == facts, "other facts the second time")
            _ = try? Admission().check(facts)
        } catch let refusal as PluginRefusal {
            try hold(!refusal.reason.isEmpty, "a refusal without words")
        }
    }

    static func checkManifest(_ input: UnsafeRawBufferPointer) throws {
        do {
            let manifest = try PluginManifest(parsing: Array(input))
            try hold(
                !manifest.id.isEmpty && !manifest.name.isEmpty && manifest.name.utf8.count <= 64,
                "a manifest without a name")
            try hold(manifest.hooks.isEmpty || manifest.kind == .provider, "hooks of no provider")
        } catch let refusal as PluginRefusal {
            try hold(refusal.code == .badManifest, "refused as \(refusal.code)")
            try hold(
                refusal.reason.unicodeScalars.allSatisfy { $0.value >= 32 },
                "a refusal that moves the cursor")
        }
    }

    static func checkReport(_ input: UnsafeRawBufferPointer) throws {
        let nonce = Array("0123456789abcdef".utf8)
        do {
            let report = try ProbeReport(parsing: Array(input), nonce: nonce)
            try hold(!report.isComplete || report.hasBegun, "an end without a beginning")
            try hold(report.plugins.count <= LoadingLimits.pluginsPerLibraryMax, "too many plugins")
            let kept = report.plugins.reduce(0) { $0 + $1.manifest.count + $1.schema.count }
            try hold(kept <= input.count, "more bytes than were reported")
        } catch let refusal as PluginRefusal {
            try hold(refusal.code == .badReport, "refused as \(refusal.code)")
        }
    }
}
