import Testing

@testable import MCPWire

@Suite("An agent's subscription")
struct SubscriptionTests {
    private func filter(_ notifications: String) throws -> SubscriptionFilter {
        try SubscriptionFilter(
            Message(bytes(#"{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{\#(notifications)}}"#)))
    }

    private func label(_ notifications: String) -> String {
        do {
            _ = try filter(notifications)
            return "accepted"
        } catch {
            return (error as? Fault)?.label ?? "\(error)"
        }
    }

    @Test("is to what it asks for and nothing else; what is false, absent or unknown it does not ask for")
    func wanted() throws {
        #expect(try filter(#""notifications":{}"#) == SubscriptionFilter(lists: []))
        #expect(
            try filter(#""notifications":{"toolsListChanged":true,"promptsListChanged":false,"taskIds":["x"]}"#)
                == SubscriptionFilter(lists: .tools))
        #expect(
            try filter(#""notifications":{"promptsListChanged":true,"resourcesListChanged":true,"tools\u004cistChanged":true}"#)
                == SubscriptionFilter(lists: .all))
        #expect(
            try filter(#""notifications":{"resourceSubscriptions":["a://b","a:\/\/b","c://d"]}"#)
                == SubscriptionFilter(lists: [], resources: ["a://b", "c://d"]))
    }

    @Test(
        "with a filter of another shape is refused",
        arguments: [
            "", #""notifications":null"#, #""notifications":[]"#, #""notifications":true"#,
            #""notifications":{"toolsListChanged":1}"#, #""notifications":{"toolsListChanged":null}"#,
            #""notifications":{"resourcesListChanged":"true"}"#, #""notifications":{"toolsListChanged":true,"toolsListChanged":false}"#,
            #""notifications":{"resourceSubscriptions":"a://b"}"#, #""notifications":{"resourceSubscriptions":{"0":"a://b"}}"#,
            #""notifications":{"resourceSubscriptions":["a://b",1]}"#, #""notifications":{"resourceSubscriptions":[""]}"#,
            #""notifications":{"resourceSubscriptions":["\ud800"]}"#, #""notifications":{"resourceSubscriptions":null}"#,
        ])
    func malformed(_ notifications: String) {
        #expect(label(notifications) == "invalid_params")
    }

    @Test("is to no more than a thousand resources, of URIs that are not endless")
    func bounds() {
        func uris(_ count: Int, _ length: Int) -> String {
            let uri = "\"" + String(repeating: "u", count: length - 2) + "\""
            return #""notifications":{"resourceSubscriptions":[\#(Array(repeating: uri, count: count).joined(separator: ","))]}"#
        }
        #expect(label(uris(1000, 100)) == "accepted" && label(uris(1001, 100)) == "invalid_params")
        #expect(label(uris(1, 8192)) == "accepted" && label(uris(1, 8193)) == "invalid_params")
    }

    @Test(
        "has every message tagged by the id of the request that opened it, as that was written", arguments: ["1", #""1""#, #""li\"sten""#])
    func tagged(_ token: String) throws {
        let id = try #require(RequestID(raw: bytes(token)))
        let meta = #""_meta":{"io.modelcontextprotocol/subscriptionId":\#(token)}"#
        let filter = SubscriptionFilter(lists: [.tools, .resources], resources: ["a://\""])
        let made = [
            Outgoing.acknowledged(filter, of: id), Outgoing.acknowledged(SubscriptionFilter(lists: []), of: id),
            Outgoing.acknowledged(SubscriptionFilter(lists: [], resources: ["a", "b"]), of: id), Outgoing.resourceUpdated("a", to: id),
            Outgoing.subscriptionEnded(id, by: Responder(version: "1")),
        ]
        #expect(
            made.map { text($0) } == [
                #"{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{\#(meta),"notifications":{"toolsListChanged":true,"resourcesListChanged":true,"resourceSubscriptions":["a://\""]}}}"#,
                #"{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{\#(meta),"notifications":{}}}"#,
                #"{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{\#(meta),"notifications":{"resourceSubscriptions":["a","b"]}}}"#,
                #"{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{\#(meta),"uri":"a"}}"#,
                #"{"jsonrpc":"2.0","id":\#(token),"result":{"resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"satgate","version":"1"},"io.modelcontextprotocol/subscriptionId":\#(token)}}}"#,
            ])
        let changes = Outgoing.listChanged([.tools, .resources], to: id)
        #expect(
            changes.map { text($0) }
                == ["tools", "resources"].map { #"{"jsonrpc":"2.0","method":"notifications/\#($0)/list_changed","params":{\#(meta)}}"# })
        for message in made + changes { _ = try Message(message) }
    }

    @Test("is not needed in a session: there nothing is tagged")
    func untagged() {
        #expect(
            Outgoing.listChanged(.all).map { text($0) }
                == ["tools", "prompts", "resources"].map { #"{"jsonrpc":"2.0","method":"notifications/\#($0)/list_changed","params":{}}"# })
        #expect(
            text(Outgoing.resourceUpdated("a")) == #"{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"a"}}"#)
    }
}
