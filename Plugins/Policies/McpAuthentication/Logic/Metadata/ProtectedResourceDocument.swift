import GatehouseJSON

/// The protected-resource metadata of a route (RFC 9728 §2).
enum ProtectedResourceDocument {
    /// Builds the document.
    ///
    /// The computed members come first; what is configured replaces them in place, and is served
    /// as written, except that nulls and empty arrays are left out (RFC 9728 §3.2, G28).
    ///
    /// - Parameters:
    ///   - resource: the resource identifier that answers the request (G26).
    ///   - issuer: the authorization server: the configured issuer, or the gateway's own.
    static func build(
        _ configuration: Configuration, resource: String, issuer: String
    ) -> JSONValue {
        var members: JSONObject = [
            "resource": .string(resource),
            "authorization_servers": .array([.string(issuer)]),
            "mcp_protocol_version": "2025-06-18",
            "resource_type": "mcp-server",
        ]
        if configuration.location == .bearer {
            members["bearer_methods_supported"] = .array(["header"])
        }
        for member in configuration.resourceMembers {
            members[member.name] = isEmpty(member.value) ? JSONValue?.none : member.value
        }
        return .object(members)
    }

    private static func isEmpty(_ value: JSONValue) -> Bool {
        value.isNull || value.arrayValue?.isEmpty == true
    }
}
