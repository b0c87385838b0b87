public import CGatehouse
import GatehousePluginKit
import OidcLogic

/// `gh_descriptor`: magic, size 40, ABI major 1, minor 0, flags 1 (the shared Swift runtime), and a
/// build stamp.
///
/// Read from the file before the library is loaded.
@section(".gatehouse") @used
let descriptor:
    (
        UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt32, UInt32, UInt32, UInt32,
        UInt64, UInt64
    ) = (0x47, 0x41, 0x54, 0x45, 0x48, 0x53, 0x45, 0, 40, 1, 0, 1, 0, 0)

/// The entry of the library.
@_cdecl("gatehouse_plugin_entry_v1")
public func entry(
    _ host: UnsafePointer<gh_host>?, _ library: UnsafeMutablePointer<gh_library>?
) -> gh_status {
    PluginLibrary.enter(host, library, offering: [.provider(OidcProvider.self)])
}
