import Fixtures
import Gateway
import Governance
import Redis
import Store
import Testing

@Suite("The URIs that sessions were given")
struct AddressBookTests {
    private struct World {
        let client: RedisClient
        let sessions: any SessionDirectory
        let book: RedisAddressBook
        let tenant: TenantName
        let zoo, ant: UpstreamName

        func session() async throws -> SessionID {
            let session = Session(id: SessionID(), tenant: tenant, principal: .sample("a"), transport: .streamable)
            try await sessions.open(session)
            return session.id
        }

        func note(_ uris: [String], taken: [String] = [], of upstream: UpstreamName, in session: SessionID) async throws -> Set<String> {
            let named = uris.map { NamedURI(uri: $0, isTaken: false) } + taken.map { NamedURI(uri: $0, isTaken: true) }
            return try await book.note(named, of: upstream, in: session, of: tenant)
        }

        func find(_ uri: String, in session: SessionID) async throws -> HandedURI? { try await book.find(uri, in: session, of: tenant) }
    }

    private func world() async throws -> World {
        let client = try await SharedRedis.client
        let ledger = try LedgerWorld.redis(client)
        return World(
            client: client, sessions: ledger.sessions, book: RedisAddressBook(redis: client, scripts: .watched), tenant: ledger.tenant,
            zoo: try #require(UpstreamName("zoo")), ant: try #require(UpstreamName("ant")))
    }

    @Test("lead to the upstream that named them first, any other's have its name in front")
    func precedence() async throws {
        let world = try await world()
        let session = try await world.session()
        #expect(try await world.find("a://1", in: session) == nil)
        #expect(try await world.note(["a://1", "a://1", "a://2"], of: world.zoo, in: session) == [])
        #expect(try await world.note(["a://1", "a://3"], of: world.ant, in: session) == ["a://1"])
        for _ in 0..<2 {
            #expect(try await world.note(["a://1"], of: world.zoo, in: session) == [])
            #expect(try await world.note(["a://1"], of: world.ant, in: session) == ["a://1"])
        }
        let bare = HandedURI(upstream: world.zoo, isPrefixed: false)
        #expect(try await world.find("a://1", in: session) == bare)
        #expect(try await world.find("a://2", in: session) == bare)
        #expect(try await world.find("ant+a://1", in: session) == HandedURI(upstream: world.ant, isPrefixed: true))
        #expect(try await world.find("a://3", in: session) == HandedURI(upstream: world.ant, isPrefixed: false))
        #expect(try await world.find("a://1", in: try await world.session()) == nil, "another session")
    }

    @Test("that another lists have the upstream's name in front at once")
    func taken() async throws {
        let world = try await world()
        let session = try await world.session()
        #expect(try await world.note(["x"], taken: ["a://1"], of: world.ant, in: session) == ["a://1"])
        #expect(try await world.find("ant+a://1", in: session) == HandedURI(upstream: world.ant, isPrefixed: true))
        #expect(try await world.find("a://1", in: session) == nil)
    }

    @Test("are no more than a bounded number, leave the session as it is and end with it")
    func bounds() async throws {
        let world = try await world()
        let session = try await world.session()
        let before = try await world.sessions.find(session, of: world.tenant)
        for part in 0..<5 { #expect(try await world.note((0..<250).map { "a://\(part)/\($0)" }, of: world.zoo, in: session) == []) }
        #expect(try await world.find("a://0/0", in: session) != nil)
        #expect(try await world.find("a://4/249", in: session) == nil)
        #expect(try await world.note(["a://0/0", "principal"], of: world.ant, in: session) == ["a://0/0"])
        let key = KeyNames.standard.keys(of: world.tenant).session(session)
        #expect(try await world.client.send(["HLEN", .text(key)]).number == 1024)
        #expect(try await world.sessions.find(session, of: world.tenant) == before)
        #expect(try await world.sessions.close(session, of: world.tenant))
        #expect(try await world.note(["b://1"], of: world.ant, in: session) == [])
        #expect(try await world.find("b://1", in: session) == nil)
    }
}
