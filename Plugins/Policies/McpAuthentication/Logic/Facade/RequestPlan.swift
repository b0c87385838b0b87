import GatehouseJOSE
import GatehouseJSON

/// A request that an adapter asks for (docs/provider-hooks.md, "Request plan"), before the secrets
/// are in it.
struct RequestPlan: Sendable, Equatable {
    /// How the request authenticates.
    enum Authentication: Sendable, Equatable {
        case none
        case basic(clientID: String?, secret: String)
        case post(clientID: String?, secret: String)
        case privateKeyJWT(clientID: String?)
        case bearer(secret: String)
        case header(name: String, prefix: String, secret: String)
    }

    var method = "GET"
    var url: String
    /// Names in lower case.
    var fields: [(name: String, value: String)] = []
    var json: JSONValue?
    var form: FormPairs?
    /// `nil` where the plan says nothing: the caller's default.
    var authentication: Authentication?

    /// The word for the policy's `clientSecret` and for the token that a plan is about.
    static let clientSecret = "client"
    static let token = "token"

    init(url: String) { self.url = url }

    /// Reads a plan; `nil` where it is none.
    init?(_ value: JSONValue) {
        guard let url = value["url"]?.stringValue, HTTPURL(url) != nil else { return nil }
        self.url = url
        method = value["method"]?.stringValue ?? "GET"
        guard ["GET", "POST", "DELETE"].contains(method) else { return nil }
        for (name, field) in value["fields"]?.objectValue ?? [:] {
            guard let text = field.stringValue else { return nil }
            fields.append((name.lowercased(), text))
        }
        json = value["json"]
        if let members = value["form"]?.objectValue {
            guard json == nil else { return nil }
            form = FormPairs(members.map { (name: $0.key, value: $0.value.stringValue ?? "") })
        }
        if let member = value["client_auth"] {
            guard let read = Self.authentication(member) else { return nil }
            authentication = read
        }
    }

    private static func authentication(_ value: JSONValue) -> Authentication? {
        let clientID = value["client_id"]?.stringValue
        let secret = value["secret"]?.stringValue
        switch value["method"]?.stringValue {
        case "none": return .some(.none)
        case "basic": return .basic(clientID: clientID, secret: secret ?? clientSecret)
        case "post": return .post(clientID: clientID, secret: secret ?? clientSecret)
        case "private_key_jwt": return .privateKeyJWT(clientID: clientID)
        case "bearer": return .bearer(secret: secret ?? token)
        case "header":
            guard let name = value["header"]?.stringValue, !name.isEmpty, let secret else {
                return nil
            }
            return .header(
                name: name.lowercased(), prefix: value["prefix"]?.stringValue ?? "",
                secret: secret)
        default: return nil
        }
    }

    static func == (left: RequestPlan, right: RequestPlan) -> Bool {
        left.method == right.method && left.url == right.url && left.json == right.json
            && left.form == right.form && left.authentication == right.authentication
            && left.fields.map(\.name) == right.fields.map(\.name)
            && left.fields.map(\.value) == right.fields.map(\.value)
    }
}

/// What the caller of a plan has to put into it. Nothing of it is ever logged.
struct PlanSecrets {
    /// The token that the plan is about.
    var token: String?
    /// The client that authenticates where the plan names none.
    var clientID: String?
    /// The secret of the word `client`.
    var clientSecret: String?
    /// The secret of any other reference: one of the adapter's own configuration.
    var adapter: (String) -> String? = { _ in nil }
    /// A client assertion (RFC 7523 §2.2) of a client for the endpoint of that URL.
    var assertion: (_ clientID: String, _ audience: String) -> String? = { _, _ in nil }

    /// Nothing: only plans that need no secret can be executed.
    static var none: PlanSecrets { PlanSecrets() }

    func value(of reference: String) -> String? {
        switch reference {
        case RequestPlan.clientSecret: clientSecret
        case RequestPlan.token: token
        default: adapter(reference)
        }
    }
}

extension RequestPlan {
    /// The request with its secrets; `nil` where one of them is not there, or where the plan
    /// authenticates by a form that it does not have.
    ///
    /// - Parameter issuer: the configured issuer, whose origin may be reached as configured.
    func executed(with secrets: PlanSecrets, issuer: HTTPURL?) -> FetchPlan? {
        var plan = FetchPlan(url: url)
        plan.method = method
        plan.reaches = FetchedURLRule.reaches(of: url, issuer: issuer)
        for field in fields { plan.set(field.name, field.value) }
        var form = form
        switch authentication ?? Authentication.none {
        case .none: break
        case .basic(let clientID, let reference):
            guard let id = clientID ?? secrets.clientID, let secret = secrets.value(of: reference)
            else { return nil }
            plan.set("authorization", ClientCredentials.basic(id, secret))
        case .post(let clientID, let reference):
            guard let id = clientID ?? secrets.clientID, let secret = secrets.value(of: reference),
                form != nil
            else { return nil }
            form?.set("client_id", id)
            form?.set("client_secret", secret)
        case .privateKeyJWT(let clientID):
            guard let id = clientID ?? secrets.clientID, form != nil,
                let assertion = secrets.assertion(id, url)
            else { return nil }
            form?.set("client_id", id)
            form?.set(
                "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
            form?.set("client_assertion", assertion)
        case .bearer(let reference):
            guard let secret = secrets.value(of: reference) else { return nil }
            plan.set("authorization", "Bearer " + secret)
        case .header(let name, let prefix, let reference):
            guard let secret = secrets.value(of: reference) else { return nil }
            plan.set(name, prefix + secret)
        }
        return encode(form, into: &plan, token: secrets.token) ? plan : nil
    }

    /// Writes the content, `{token}` replaced by the token; false where there is none to replace.
    private func encode(_ form: FormPairs?, into plan: inout FetchPlan, token: String?) -> Bool {
        if var form {
            for at in form.pairs.indices where form.pairs[at].value == "{token}" {
                guard let token else { return false }
                form.pairs[at].value = token
            }
            plan.body = Array(form.encoded.utf8)
            plan.set("content-type", "application/x-www-form-urlencoded")
        } else if var json {
            if var members = json.objectValue {
                for (key, value) in members where value == "{token}" {
                    guard let token else { return false }
                    members[key] = .string(token)
                }
                json = .object(members)
            }
            plan.body = json.serializedBytes(.compact)
            plan.set("content-type", "application/json")
        }
        return true
    }
}

extension FetchPlan {
    /// Sets a field, instead of one of the same name.
    mutating func set(_ name: String, _ value: String) {
        fields.removeAll { $0.name == name }
        fields.append((name, value))
    }
}

extension FormPairs {
    /// Sets a parameter, instead of all of the same name: at its end, or where the first stood.
    mutating func set(_ name: String, _ value: String, inPlace: Bool = false) {
        let first = pairs.firstIndex { $0.name == name } ?? pairs.count
        pairs.removeAll { $0.name == name }
        pairs.insert((name, value), at: inPlace ? first : pairs.count)
    }

    /// Takes a parameter out.
    mutating func remove(_ name: String) { pairs.removeAll { $0.name == name } }
}

/// How a client says who it is at the token endpoint (RFC 6749 §2.3.1).
enum ClientCredentials {
    /// `Basic`, the identifier and the secret form-encoded first (G68).
    static func basic(_ clientID: String, _ secret: String) -> String {
        let pair = FormPairs.encoded(clientID) + ":" + FormPairs.encoded(secret)
        return "Basic " + Base64Text.encode(Array(pair.utf8))
    }

    /// The pair of a `Basic` field; `nil` where it is none.
    static func parse(_ field: String) -> (clientID: String, secret: String)? {
        guard field.prefix(6).lowercased() == "basic ",
            let bytes = Base64Text.decode(field.dropFirst(6).filter { $0 != " " }),
            let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
            let id = FormPairs.decoded(bytes[..<colon]),
            let secret = FormPairs.decoded(bytes[bytes.index(after: colon)...]), !id.isEmpty
        else { return nil }
        return (id, secret)
    }
}

/// Base64 with padding (RFC 4648 §4), as `Basic` and Content-Security-Policy write it.
enum Base64Text {
    static func encode(_ bytes: [UInt8]) -> String {
        let text = Base64URL.encode(bytes).map { character -> Character in
            switch character {
            case "-": "+"
            case "_": "/"
            default: character
            }
        }
        return String(text) + String(repeating: "=", count: (4 - text.count % 4) % 4)
    }

    static func decode(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: "-"))
            case UInt8(ascii: "/"): bytes.append(UInt8(ascii: "_"))
            case UInt8(ascii: "="): continue
            default: bytes.append(byte)
            }
        }
        return Base64URL.decode(bytes[...])
    }
}
