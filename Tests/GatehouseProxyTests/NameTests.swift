import GatehouseHTTP
import Testing

@testable import GatehouseProxy

/// Compares what a mutating call answers, which `#expect` cannot make by itself.
func same<T: Equatable>(_ a: T, _ b: T, at place: SourceLocation = #_sourceLocation) {
    #expect(a == b, sourceLocation: place)
}

@Suite("Addresses and names")
struct NameTests {
    @Test(arguments: [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1",
        "169.254.169.254", "0.0.0.0", "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1",
        "::1", "::", "fe80::1", "fc00::1", "fd12::1", "ff02::1", "::ffff:10.0.0.1",
        "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1", "2001::1",
        "::127.0.0.1", "3fff::1",
    ])
    func `an address that is not public is refused`(text: String) throws {
        #expect(!PublicAddress.isPublic(try #require(IPAddress(text))))
    }

    @Test(arguments: [
        "8.8.8.8", "172.32.0.1", "100.128.0.1", "::ffff:8.8.8.8", "2606:4700::1111",
        "2a00:1450:4001::1",
    ])
    func `a public address is taken`(text: String) throws {
        #expect(PublicAddress.isPublic(try #require(IPAddress(text))))
    }

    @Test func `texts that are no addresses are refused, mapped ones are IPv4`() {
        for text in [
            "", "1.2.3", "1.2.3.4.5", "[::1]", "fe80::1%eth0", "localhost", "0x7f.1",
            "10.0.0.1\0.other", "::1\0",
        ] {
            #expect(IPAddress(text) == nil)
        }
        #expect(IPAddress("::ffff:1.2.3.4")?.description == "1.2.3.4")
        #expect(IPAddress("2001:DB8:0::1")?.description == "2001:db8::1")
    }

    @Test func `a range of IPv6 holds no IPv4 address, a mapped one does`() throws {
        let address = try #require(IPAddress("10.1.2.3"))
        #expect(AddressRange("::/0")?.contains(address) == false)
        #expect(AddressRange("::ffff:10.0.0.0/104")?.contains(address) == true)
        #expect(AddressRange("0.0.0.0/0")?.contains(address) == true)
    }

    @Test func `ranges hold what their bits say`() throws {
        let ten = try #require(AddressRange("10.0.0.0/8"))
        #expect(ten.contains(try #require(IPAddress("10.255.0.1"))))
        #expect(!ten.contains(try #require(IPAddress("11.0.0.1"))))
        let one = try #require(AddressRange("::1"))
        #expect(one.contains(try #require(IPAddress("::1"))))
        #expect(!one.contains(try #require(IPAddress("::2"))))
        let wide = try #require(AddressRange("2001:db8::/32"))
        #expect(wide.contains(try #require(IPAddress("2001:db8:ffff::9"))))
        #expect(
            try #require(AddressRange("0.0.0.0/0")).contains(try #require(IPAddress("9.9.9.9"))))
        #expect(!(try #require(AddressRange("0.0.0.0/0"))).contains(try #require(IPAddress("::9"))))
        for text in ["10.0.0.0/33", "10.0.0.0/-1", "x/8", "10.0.0.0/", "::/129"] {
            #expect(AddressRange(text) == nil)
        }
    }

    @Test func `the client is the last address that no trusted proxy has`() throws {
        let trusted = [try #require(AddressRange("10.0.0.0/8"))]
        func client(_ values: String...) -> String? {
            ForwardedFor.client(values, trusted: trusted)?.description
        }
        #expect(client("1.1.1.1, 2.2.2.2, 10.0.0.1") == "2.2.2.2")
        #expect(client("1.1.1.1", "10.0.0.2 , 10.0.0.1") == "1.1.1.1")
        #expect(client("6.6.6.6, garbage, 10.0.0.1") == "10.0.0.1")
        #expect(client("10.0.0.9") == "10.0.0.9")
        #expect(client("[2606:4700::1]:443") == "2606:4700::1")
        #expect(client("3.3.3.3:80") == "3.3.3.3")
        #expect(client("") == nil)
    }

    @Test func `a name is good for 30 seconds, and its last good answer for longer`() {
        let address = [IPAddress(v4: 1)]
        var cache = NameCache()
        same(cache.look(up: "a", nowNs: 0), .nothing)
        same(cache.answered("a", address, nowNs: 0), address)
        same(cache.look(up: "a", nowNs: 29_999_999_999), .fresh(address))
        same(cache.look(up: "a", nowNs: 30_000_000_000), .stale(address))
        same(cache.answered("a", [], nowNs: 31_000_000_000), address)
        same(cache.look(up: "a", nowNs: 60_999_999_999), .fresh(address))
        same(cache.look(up: "a", nowNs: 330_999_999_999), .stale(address))
        same(cache.look(up: "a", nowNs: 331_000_000_000), .nothing)
    }

    @Test func `a name without address is not asked for again at once (F17)`() {
        var cache = NameCache()
        same(cache.answered("a", [], nowNs: 5), [])
        same(cache.look(up: "a", nowNs: 999_999_999), .fresh([]))
        same(cache.look(up: "a", nowNs: 1_000_000_005), .nothing)
        same(cache.answered("a", [IPAddress(v4: 1)], nowNs: 0), [IPAddress(v4: 1)])
    }

    @Test func `the cache of names has a bound; the one unused for longest goes`() {
        var cache = NameCache()
        for number in 0...ProxyLimits.resolvedNamesMax {
            _ = cache.answered("n\(number)", [IPAddress(v4: 1)], nowNs: UInt64(number))
        }
        same(cache.look(up: "n0", nowNs: 5000), .nothing)
        same(cache.look(up: "n1", nowNs: 5000), .fresh([IPAddress(v4: 1)]))
    }
}

@Suite("The race for a connection (RFC 8305)")
struct ConnectionRaceTests {
    private let v4 = [IPAddress(v4: 1), IPAddress(v4: 2)]
    private let v6 = [IPAddress(high: 1, low: 1), IPAddress(high: 1, low: 2)]

    @Test func `families take turns, beginning with the preferred one`() {
        #expect(ConnectionRace.interleaved(v6 + v4) == [v6[0], v4[0], v6[1], v4[1]])
        #expect(ConnectionRace.interleaved(v4 + [v6[0]]) == [v4[0], v6[0], v4[1]])
        #expect(ConnectionRace.interleaved([]).isEmpty)
    }

    @Test func `the next attempt starts after the delay or at once after a failure`() {
        var race = ConnectionRace(v6 + v4)
        same(race.begin(), [.start(0), .startTimer])
        same(race.timerFired(), [.start(1), .startTimer])
        same(race.failed(), [.start(2), .startTimer])
        same(race.timerFired(), [.start(3)])
        same(race.timerFired(), [])
    }

    @Test func `the first that connects wins, later ones are dropped`() {
        var race = ConnectionRace(v6 + v4)
        _ = race.begin()
        _ = race.timerFired()
        same(race.connected(), true)
        same(race.connected(), false)
        same(race.timerFired(), [])
    }

    @Test func `it fails when the last attempt has failed`() {
        var race = ConnectionRace(v4)
        _ = race.begin()
        same(race.failed(), [.start(1)])
        same(race.failed(), [.fail])
        var none = ConnectionRace([])
        same(none.begin(), [.fail])
    }

    @Test func `who has cancelled gets nothing more`() {
        var race = ConnectionRace(v4)
        _ = race.begin()
        race.cancel()
        same(race.connected(), false)
        same(race.timerFired(), [])
    }
}

@Suite("Timers of a loop")
struct TimerQueueTests {
    @Test func `timers fire in the order of their deadlines`() {
        var queue = TimerQueue()
        var fired: [UInt64] = []
        for deadline: UInt64 in [50, 10, 30, 20, 40, 10] {
            _ = queue.start(atNs: deadline) { fired.append(deadline) }
        }
        #expect(queue.earliestNs == 10)
        while let task = queue.takeDue(nowNs: 30) { task() }
        #expect(fired == [10, 10, 20, 30])
        while let task = queue.takeDue(nowNs: .max) { task() }
        #expect(fired == [10, 10, 20, 30, 40, 50])
    }

    @Test func `what was cancelled does not fire, and does not pile up`() {
        var queue = TimerQueue()
        var fired = 0
        for _ in 0..<10_000 { queue.cancel(queue.start(atNs: 100) { fired += 1 }) }
        _ = queue.start(atNs: 5) { fired += 10 }
        #expect(queue.heapCount < 200)
        while let task = queue.takeDue(nowNs: 1000) { task() }
        #expect(fired == 10)
    }
}
