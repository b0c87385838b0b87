public import CGatehouse
import GatehousePluginKit
import McpAuthenticationLogic

/// What is read from the file before any of its code runs: the fields of `gh_descriptor` in their
/// memory order: magic; size 40 and ABI major 1; ABI minor 0 and flag 1, which says that the
/// library uses the Swift runtime shipped with the gateway; the build stamp.
@section(".gatehouse") @used
let descriptor: (UInt64, UInt32, UInt32, UInt32, UInt32, UInt64, UInt64) = (
    0x0045_5348_4554_4147, 40, 1, 0, 1, 0, 0
)

/// The one symbol of this library.
@_cdecl("gatehouse_plugin_entry_v1")
public func entry(
    _ host: UnsafePointer<gh_host>?, _ library: UnsafeMutablePointer<gh_library>?
) -> gh_status {
    PluginLibrary.enter(host, library, offering: [.policy(McpAuthentication.self)])
}
