import GatehouseJSON

/// Client registration (RFC 7591) as the profile has it, and what is answered put right.
enum OidcRegistration {
    static func request(
        _ metadata: JSONObject, _ input: OidcInput, _ profile: OidcProfile
    ) -> JSONValue {
        let endpoint =
            profile.endpoints["registration_endpoint"]
            ?? input["document"]?["registration_endpoint"]
        guard ["proxy", "native"].contains(profile.registrationKind),
            let url = endpoint?.stringValue
        else { return refusal("the authorization server takes no registrations") }
        guard metadata["redirect_uris"]?.arrayValue?.isEmpty == false else {
            return [
                "error": [
                    "error": "invalid_redirect_uri",
                    "error_description": "redirect_uris is missing or empty",
                ]
            ]
        }
        let rules = profile["registration"]
        var body = metadata
        body["client_id"] = nil
        body["client_secret"] = nil
        if let method = rules?["authMethod"] { body["token_endpoint_auth_method"] = method }
        for name in profile.texts("registration", "drop") { body[name] = nil }
        for (name, value) in rules?["fixed"]?.objectValue ?? [:] { body[name] = value }
        var plan: JSONObject = [
            "method": "POST", "url": .string(url), "json": .object(body),
            "fields": ["Accept": "application/json"],
        ]
        if let token = rules?["token"] {
            plan["client_auth"] = [
                "method": "header", "header": "Authorization",
                "prefix": rules?["tokenPrefix"] ?? "Bearer ", "secret": token,
            ]
        }
        return ["request": .object(plan)]
    }

    static func response(
        _ status: Int64, _ input: OidcInput, _ profile: OidcProfile
    ) -> JSONValue {
        let body = input["body"]?.objectValue
        if (200...299).contains(status), let body, body["client_id"]?.stringValue != nil {
            let metadata = input["metadata"]?.objectValue ?? [:]
            return ["status": 201, "body": .object(repaired(body, metadata, profile))]
        }
        let text = input["text"]?.stringValue ?? body?["error_description"]?.stringValue ?? ""
        let hint = "the provider answered \(status) to a registration: \(plain(text))"
        guard (400...499).contains(status) else {
            return failure(502, "server_error", "the authorization server did not register", hint)
        }
        let known = [
            "invalid_redirect_uri", "invalid_client_metadata", "invalid_software_statement",
        ]
        let error = body?["error"]?.stringValue ?? ""
        return failure(
            400, known.contains(error) ? error : "invalid_client_metadata",
            "the authorization server refused the registration", hint)
    }

    /// RFC 7591 §3.2.1: all that is registered is answered, times as numbers.
    private static func repaired(
        _ body: JSONObject, _ metadata: JSONObject, _ profile: OidcProfile
    ) -> JSONObject {
        var out = body
        out["registration_access_token"] = nil
        out["registration_client_uri"] = nil
        let forced = profile["registration"]?["authMethod"]
        let asked = metadata["token_endpoint_auth_method"]
        // A client that registered as public has no use for a secret, and would send it.
        if (forced ?? asked) == "none" {
            out["token_endpoint_auth_method"] = "none"
            out["client_secret"] = nil
            out["client_secret_expires_at"] = nil
        } else if out["token_endpoint_auth_method"] == nil {
            let method: JSONValue = out["client_secret"] == nil ? "none" : "client_secret_basic"
            out["token_endpoint_auth_method"] =
                out["client_secret"] == nil ? method : forced ?? asked ?? method
        }
        for name in ["redirect_uris", "client_name", "grant_types", "response_types"]
        where out[name] == nil { out[name] = metadata[name] }
        for name in ["client_id_issued_at", "client_secret_expires_at"] {
            guard let text = out[name]?.stringValue else { continue }
            out[name] = Int64(text).map { .number(JSONNumber($0)) }
        }
        if out["client_secret"] != nil, out["client_secret_expires_at"] == nil {
            out["client_secret_expires_at"] = 0
        }
        return out
    }

    private static func failure(
        _ status: Int64, _ error: String, _ description: String, _ hint: String
    ) -> JSONValue {
        [
            "status": .number(JSONNumber(status)), "hint": .string(hint),
            "body": ["error": .string(error), "error_description": .string(description)],
        ]
    }

    private static func refusal(_ description: String) -> JSONValue {
        [
            "error": [
                "error": "invalid_client_metadata", "error_description": .string(description),
            ]
        ]
    }
}
