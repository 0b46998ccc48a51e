import Governance
import MCPWire
import Testing

@testable import Gateway

@Suite("The subscriptions of agents without a session")
struct SubscriptionsTests {
    private let subscriptions = Subscriptions<Int>()
    private let acme: TenantName
    private let globex: TenantName

    init() throws {
        acme = try #require(TenantName("acme"))
        globex = try #require(TenantName("globex"))
    }

    private func presence(of tenant: TenantName) -> Session {
        Session(id: SessionID(), tenant: tenant, principal: .of("a"), transport: .stateless)
    }

    private func filter(_ lists: ListKinds, _ resources: String...) -> SubscriptionFilter {
        SubscriptionFilter(lists: lists, resources: resources)
    }

    /// Streams and what they are sent, in the order of the streams.
    private func told(_ posts: [Subscriptions<Int>.Post]) -> [Int: [String]] {
        Dictionary(uniqueKeysWithValues: posts.map { ($0.stream, $0.messages.map { String(decoding: $0, as: UTF8.self) }) })
    }

    private func change(_ list: String, _ id: Int) -> String {
        #"{"jsonrpc":"2.0","method":"notifications/\#(list)/list_changed","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":\#(id)}}}"#
    }

    @Test("are told of what each asked for, under its own id, and of nothing of another tenant")
    func kinds() {
        let agent = presence(of: acme)
        let wanted: [(Session, ListKinds)] = [
            (agent, .tools), (agent, [.prompts, .resources]), (agent, []), (presence(of: globex), .all), (presence(of: acme), .all),
        ]
        for (stream, (session, lists)) in wanted.enumerated() {
            #expect(subscriptions.add(stream, of: session, as: RequestID(10 + stream), to: filter(lists), most: 9) != nil)
        }
        #expect(
            told(subscriptions.posts(changed: [.tools, .prompts], of: acme))
                == [0: [change("tools", 10)], 1: [change("prompts", 11)], 4: [change("tools", 14), change("prompts", 14)]])
        #expect(told(subscriptions.posts(changed: .resources, of: globex)) == [3: [change("resources", 13)]])
    }

    @Test("to a resource are told when that one changes, all of the tenant or of one agent")
    func resources() throws {
        let agent = presence(of: acme)
        for (stream, (session, uri)) in [
            (agent, "a://1"), (agent, "a://2"), (presence(of: acme), "a://1"), (presence(of: globex), "a://1"),
        ]
        .enumerated() {
            #expect(subscriptions.add(stream, of: session, as: RequestID(stream), to: filter(.all, uri), most: 9) != nil)
        }
        let all = told(subscriptions.posts(updated: "a://1", of: acme, for: nil))
        #expect(all.keys.sorted() == [0, 2])
        #expect(try #require(all[2]).first?.contains(#""uri":"a://1""#) == true)
        #expect(told(subscriptions.posts(updated: "a://1", of: acme, for: agent.id)).keys.sorted() == [0])
        #expect(told(subscriptions.posts(updated: "a://", of: acme, for: nil)).isEmpty)
    }

    @Test("of one agent are so many and no more; a closed one makes room once")
    func most() throws {
        let agent = presence(of: acme)
        func add(_ stream: Int, of session: Session) -> SubscriptionPlace? {
            subscriptions.add(stream, of: session, as: RequestID(stream), to: filter(.tools), most: 2)
        }
        let first = try #require(add(0, of: agent))
        #expect(add(1, of: agent) != nil && add(2, of: agent) == nil)
        #expect(add(3, of: presence(of: acme)) != nil)
        subscriptions.remove(first)
        subscriptions.remove(first)
        #expect(add(4, of: agent) != nil && add(5, of: agent) == nil)
        #expect(subscriptions.streams(of: agent.id).sorted() == [1, 4] && subscriptions.streams.sorted() == [1, 3, 4])
    }
}
