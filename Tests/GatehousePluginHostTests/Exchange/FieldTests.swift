import CGatehouse
import GatehouseHTTP
import GatehousePluginHost
import Testing

@Suite("Fields, edits, attributes, notes")
struct FieldTests {
    @Test func `the query of a request can be replaced, nothing else by that edit`() throws {
        let fixture = try Fixture()
        let policy = fixture.policy("p")
        policy.requestHead = { call in
            #expect(call.edit(0, GH_EDIT_QUERY, "x", "a=1") == GH_INVALID, "a name")
            #expect(call.edit(0, GH_EDIT_QUERY, "", "a b") == GH_INVALID)
            #expect(call.edit(0, GH_EDIT_QUERY, "", "a#b") == GH_INVALID)
            #expect(call.edit(1, GH_EDIT_QUERY, "", "a") == GH_INVALID, "no response has one")
            #expect(call.edit(0, GH_EDIT_QUERY, "", "a=1") == GH_OK)
            return Int(GH_CONTINUE)
        }
        let run = try fixture.begin(try fixture.chain([policy]), TestOwner(), "GET /?t=x HTTP/1.1")
        #expect(run.queryEdit == nil)
        #expect(run.requestHead() == .proceed)
        #expect(run.queryEdit.map { String(decoding: $0, as: UTF8.self) } == "a=1")
        run.end(.complete)
        fixture.shutdown()
    }

    @Test func `wanted fields come in the order asked for, names without case`() throws {
        let fixture = try Fixture()
        let a = fixture.policy("a")
        let b = fixture.policy("b")
        a.wantsRequest = ["Origin", "cookie", "x-absent"]
        b.wantsRequest = ["COOKIE", "x-empty"]
        a.requestHead = { call in
            #expect(call.slots == ["https://a.example", "a=1", nil])
            #expect(call.repeated == 0b010)
            #expect(call.field(0, "Cookie", 1) == "b=2")
            #expect(call.field(0, "Cookie", 2) == nil)
            return Int(GH_CONTINUE)
        }
        b.requestHead = { call in
            #expect(call.slots == ["a=1", ""], "present and empty is not absent")
            #expect(call.repeated == 0b01)
            return Int(GH_CONTINUE)
        }
        let run = try fixture.begin(
            try fixture.chain([a, b]), TestOwner(),
            fields: [
                ("Host", "h"), ("cookie", "a=1"), ("ORIGIN", "https://a.example"),
                ("Cookie", "b=2"), ("X-Empty", ""),
            ])
        #expect(run.requestHead() == .proceed)
        run.end(.complete)
        fixture.shutdown()
    }

    @Test func `names with a number of their own, of a family, and without one are told apart`()
        throws
    {
        let fixture = try Fixture()
        let policy = fixture.policy("p")
        policy.wantsRequest = [
            "mcp-b", "Mcp-Session-Id", "x-forwarded-user", "cookie", "x-own", "mcp-c",
        ]
        policy.wantsResponse = ["vary", "mcp-b", "Content-Type"]
        policy.requestHead = { call in
            #expect(call.slots == ["2", "s", "u", "c=1", "own", nil])
            #expect(call.repeated == 0b011001)
            return Int(GH_CONTINUE)
        }
        policy.responseHead = { call in
            #expect(call.slots == ["a", "1", "text/plain"])
            #expect(call.repeated == 0b011)
            return Int(GH_CONTINUE)
        }
        let run = try fixture.begin(
            try fixture.chain([policy]), TestOwner(),
            fields: [
                ("Host", "h"), ("mcp-a", "1"), ("MCP-B", "2"), ("x-forwarded-use", "no"),
                ("X-Forwarded-User", "u"), ("Mcp-Session-Id", "s"), ("mcp-b", "3"),
                ("Cookie", "c=1"), ("cookie", "d=2"), ("X-Own", "own"), ("x-own", "again"),
            ])
        #expect(run.requestHead() == .proceed)
        let response = try fixture.response(
            200,
            [
                ("Vary", "a"), ("Mcp-B", "1"), ("content-type", "text/plain"), ("vary", "b"),
                ("mcp-b", "2"),
            ])
        #expect(run.responseHead(response) == .proceed)
        run.end(.complete)
        fixture.shutdown()
    }

    @Test func `edits are seen by later policies and kept for the rewriter`() throws {
        let fixture = try Fixture()
        let a = fixture.policy("a")
        let b = fixture.policy("b")
        b.wantsRequest = ["authorization", "x-user"]
        a.requestHead = { call in
            #expect(call.edit(0, GH_EDIT_REMOVE, "Authorization") == GH_OK)
            #expect(call.edit(0, GH_EDIT_SET, "X-User", "alice") == GH_OK)
            #expect(call.edit(0, GH_EDIT_ADD, "x-user", "bob") == GH_OK)
            return Int(GH_CONTINUE)
        }
        b.requestHead = { call in
            #expect(call.slots == [nil, "alice"])
            #expect(call.repeated == 0b10)
            #expect(call.field(0, "x-user", 1) == "bob")
            return Int(GH_CONTINUE)
        }
        let run = try fixture.begin(
            try fixture.chain([a, b]), TestOwner(),
            fields: [("Host", "h"), ("Authorization", "Bearer 1"), ("X-User", "mallory")])
        #expect(run.requestHead() == .proceed)
        #expect(!run.edits(.request).isEmpty)
        let hidden = Host.lend("AUTHORIZATION") { name in
            run.edits(.request).isHidden(
                UnsafeRawBufferPointer(start: name.ptr, count: name.len))
        }
        #expect(hidden)
        var added: [String] = []
        run.edits(.request).forEachAdded { name, value in
            added.append(
                String(decoding: name, as: UTF8.self) + "="
                    + String(decoding: value, as: UTF8.self))
            return true
        }
        #expect(added == ["X-User=alice", "x-user=bob"])
        #expect(run.edits(.request).count == 4)
        run.headSent(.request)
        run.end(.complete)
        fixture.shutdown()
    }

    @Test(
        "framing and hop-by-hop fields are the core's",
        arguments: [
            "Content-Length", "transfer-encoding", "Connection", "Keep-Alive", "TE", "Trailer",
            "Upgrade", "Proxy-Connection", "Host", "Expect",
        ])
    func reserved(name: String) throws {
        let fixture = try Fixture()
        let policy = fixture.policy("p")
        policy.requestHead = { call in
            #expect(call.edit(0, GH_EDIT_SET, name, "1") == GH_DENIED)
            #expect(call.edit(0, GH_EDIT_REMOVE, name) == GH_DENIED)
            if name != "Host" { #expect(call.respond(200, [(name, "1")]) == GH_DENIED) }
            return Int(GH_CONTINUE)
        }
        let run = try fixture.begin(try fixture.chain([policy]), TestOwner())
        #expect(run.requestHead() == .proceed)
        #expect(run.edits(.request).isEmpty)
        run.end(.complete)
        fixture.shutdown()
    }

    @Test(
        "what could split a message is refused",
        arguments: [
            ("x", "a\r\nSet-Cookie: b"), ("x", "a\nb"), ("x", "a\u{0}b"), ("x y", "a"),
            ("", "a"), ("x:", "a"), ("x\r\n", "a"), ("x", "\u{7f}"),
        ])
    func splitting(name: String, value: String) throws {
        let fixture = try Fixture()
        let policy = fixture.policy("p")
        policy.requestHead = { call in
            #expect(call.edit(0, GH_EDIT_SET, name, value) == GH_INVALID)
            #expect(call.edit(0, GH_EDIT_ADD, name, value) == GH_INVALID)
            #expect(call.respond(200, [(name, value)]) == GH_INVALID)
            return Int(GH_CONTINUE)
        }
        let run = try fixture.begin(try fixture.chain([policy]), TestOwner())
        #expect(run.requestHead() == .proceed)
        #expect(run.edits(.request).isEmpty)
        run.end(.complete)
        fixture.shutdown()
    }

    @Test func `a batch is applied as a whole or not at all`() throws {
        let fixture = try Fixture()
        let policy = fixture.policy("p")
        policy.requestHead = { call in
            Host.withFields([("x-a", "1"), ("connection", "close")]) { fields, _ in
                guard let fields else { return Int(GH_FAIL) }
                let edits = (0..<2).map {
                    gh_edit(
                        op: UInt32(GH_EDIT_SET), reserved: 0, name: fields[$0].name,
                        value: fields[$0].value)
                }
                var bad: UInt32 = 9
                let status = Host.exchange.pointee.edit(call.x, 0, edits, 2, &bad)
                #expect(status == GH_DENIED && bad == 1)
                return Int(GH_CONTINUE)
            }
        }
        let run = try fixture.begin(try fixture.chain([policy]), TestOwner())
        #expect(run.requestHead() == .proceed)
        #expect(run.edits(.request).isEmpty)
        run.end(.complete)
        fixture.shutdown()
    }

    @Test func `a head that has left cannot be edited, nor the wrong one`() throws {
        let fixture = try Fixture()
        let policy = fixture.policy("p")
        policy.requestHead = { call in
            #expect(call.edit(1, GH_EDIT_SET, "x", "1") == GH_INVALID, "no response yet")
            #expect(call.edit(7, GH_EDIT_SET, "x", "1") == GH_INVALID)
            #expect(call.edit(0, 9, "x", "1") == GH_INVALID)
            return Int(GH_CONTINUE)
        }
        policy.responseHead = { call in
            #expect(call.edit(0, GH_EDIT_SET, "x", "1") == GH_INVALID)
            #expect(call.edit(1, GH_EDIT_SET, "x", "1") == GH_OK)
            #expect(Host.exchange.pointee.set_status(call.x, 204) == GH_DENIED)
            #expect(Host.exchange.pointee.set_status(call.x, 99) == GH_INVALID)
            #expect(Host.exchange.pointee.set_status(call.x, 418) == GH_OK)
            return Int(GH_CONTINUE)
        }
        let run = try fixture.begin(try fixture.chain([policy]), TestOwner())
        #expect(run.requestHead() == .proceed)
        run.headSent(.request)
        #expect(run.responseHead(try fixture.response(200, [("x", "0"), ("y", "2")])) == .proceed)
        #expect(run.responseStatus == 418)
        #expect(run.responseFields == ["y: 2", "x: 1"])
        run.end(.complete)
        fixture.shutdown()
    }

    @Test func `attributes are slices of the head, or asked of the proxy`() throws {
        let fixture = try Fixture()
        let policy = fixture.policy("p")
        policy.requestHead = { call in
            var out = gh_str()
            func attribute(_ id: Int) -> String {
                let status = Host.exchange.pointee.attribute(call.x, UInt32(id), &out)
                return status == GH_OK ? Host.text(out) : "\(status)"
            }
            #expect(attribute(GH_ATTR_METHOD) == "GET")
            #expect(attribute(GH_ATTR_TARGET) == "/mcp?a=b")
            #expect(attribute(GH_ATTR_PATH) == "/mcp")
            #expect(attribute(GH_ATTR_QUERY) == "a=b")
            #expect(attribute(GH_ATTR_AUTHORITY) == "mcp.example")
            #expect(attribute(GH_ATTR_EXTERNAL_BASE) == "https://mcp.example")
            #expect(attribute(GH_ATTR_PEER_ADDRESS) == "192.0.2.7")
            #expect(attribute(GH_ATTR_ROUTE) == "route")
            #expect(attribute(GH_ATTR_PEER_PORT) == "\(GH_NOT_FOUND)")
            #expect(attribute(99) == "\(GH_UNSUPPORTED)")
            #expect(Host.exchange.pointee.attribute(call.x, 1, nil) == GH_INVALID)
            return Int(GH_CONTINUE)
        }
        let run = try fixture.begin(
            try fixture.chain([policy]), TestOwner(), "GET /mcp?a=b HTTP/1.1")
        #expect(run.requestHead() == .proceed)
        run.end(.complete)
        fixture.shutdown()
    }

    @Test func `notes are bounded, read by later policies, and logged`() throws {
        let fixture = try Fixture()
        let a = fixture.policy("auth")
        let b = fixture.policy("b")
        a.notes = ["sub"]
        func set(_ call: Call, _ note: UInt32, _ text: String) -> gh_status {
            Host.lend(text) { Host.exchange.pointee.set_note(call.x, note, $0) }
        }
        a.requestHead = { call in
            #expect(set(call, 0, String(repeating: "x", count: 257)) == GH_LIMIT)
            #expect(set(call, 1, "x") == GH_INVALID)
            #expect(set(call, 0, "alice") == GH_OK)
            return Int(GH_CONTINUE)
        }
        b.requestHead = { call in
            var out = gh_str()
            let status = Host.lend("auth/sub") {
                Host.exchange.pointee.note(call.x, $0, &out)
            }
            #expect(status == GH_OK && Host.text(out) == "alice")
            #expect(set(call, 0, "x") == GH_INVALID, "it declared none")
            return Int(GH_CONTINUE)
        }
        let run = try fixture.begin(try fixture.chain([a, b]), TestOwner())
        #expect(run.requestHead() == .proceed)
        var logged: [String] = []
        run.forEachLogNote { policy, note, value in
            logged.append("\(policy)/\(note)=\(String(decoding: value, as: UTF8.self))")
        }
        #expect(logged == ["auth/sub=alice"])
        run.end(.complete)
        fixture.shutdown()
    }
}
