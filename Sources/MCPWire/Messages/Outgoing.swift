/// Every message that satgate itself makes.
package enum Outgoing {
    /// The name satgate goes by on both sides.
    package static let productName = "satgate"

    // MARK: To an upstream

    /// Our `initialize`, in the name of the agent that `profile` describes; without one it declares no client capability.
    package static func initialize(id: Int, revision: String, clientVersion: String, profile: ClientProfile? = nil) -> [UInt8] {
        request(id: id, Method.initialize) { out in
            JSONText.append(raw: #"{"protocolVersion":"#, to: &out)
            JSONText.append(string: revision, to: &out)
            JSONText.append(raw: #","capabilities":"#, to: &out)
            out += profile?.capabilities ?? Array("{}".utf8)
            JSONText.append(raw: #","clientInfo":"#, to: &out)
            if let info = profile?.info { out += info } else { appendIdentity(version: clientVersion, to: &out) }
            JSONText.append(raw: "}", to: &out)
        }
    }

    /// `notifications/initialized`.
    package static func initialized() -> [UInt8] { notification(Method.initialized) { JSONText.append(raw: "{}", to: &$0) } }

    /// A request for a page of a list, from the cursor on if there is one; `sender` where there is no handshake.
    package static func list(_ method: String, id: Int, cursor: String?, sender: Sender? = nil) -> [UInt8] {
        request(id: id, method) { out in
            JSONText.append(raw: "{", to: &out)
            if let cursor {
                JSONText.append(raw: #""cursor":"#, to: &out)
                JSONText.append(string: cursor, to: &out)
            }
            if let sender {
                if cursor != nil { JSONText.append(raw: ",", to: &out) }
                sender.append(to: &out)
            }
            JSONText.append(raw: "}", to: &out)
        }
    }

    /// `server/discover`.
    package static func discover(id: Int, sender: Sender) -> [UInt8] {
        request(id: id, Method.discover) { out in
            JSONText.append(raw: "{", to: &out)
            sender.append(to: &out)
            JSONText.append(raw: "}", to: &out)
        }
    }

    /// `subscriptions/listen` for changes of the lists that the upstream says it tells of.
    package static func listen(id: Int, to capabilities: ServerCapabilities, sender: Sender) -> [UInt8] {
        let wanted = Announcement.all.filter { capabilities.contains($0.capability) }.map { "\"\($0.filter)\":true" }
        return request(id: id, Method.listen) { out in
            JSONText.append(raw: #"{"notifications":{"#, to: &out)
            out += wanted.joined(separator: ",").utf8
            JSONText.append(raw: "},", to: &out)
            sender.append(to: &out)
            JSONText.append(raw: "}", to: &out)
        }
    }

    /// Our `ping`.
    package static func ping(id: Int) -> [UInt8] { request(id: id, Method.ping) { JSONText.append(raw: "{}", to: &$0) } }

    /// `notifications/cancelled` for one of our own requests.
    package static func cancelled(requestID: Int, reason: String) -> [UInt8] { cancelled(RequestID(requestID), reason: reason) }

    /// `notifications/cancelled` for a request that went out under this id.
    package static func cancelled(_ id: RequestID, reason: String) -> [UInt8] {
        notification(Method.cancelled) { out in
            JSONText.append(raw: #"{"requestId":"#, to: &out)
            id.append(to: &out)
            JSONText.append(raw: #","reason":"#, to: &out)
            JSONText.append(string: reason, to: &out)
            JSONText.append(raw: "}", to: &out)
        }
    }

    /// The answer to a server's request that we do not serve (-32601).
    package static func methodNotFound(id: RequestID) -> [UInt8] {
        var out = envelope(id)
        JSONText.append(raw: #","error":{"code":-32601,"message":"Method not found"}}"#, to: &out)
        return out
    }

    // MARK: To an agent

    /// The answer to `initialize`.
    package static func initializeResult(id: RequestID, dialect: Dialect, serverVersion: String, offer: Offer) -> [UInt8] {
        result(id) { out in
            JSONText.append(raw: #"{"protocolVersion":"#, to: &out)
            JSONText.append(string: dialect.revision, to: &out)
            JSONText.append(raw: ",", to: &out)
            offer.append(to: &out)
            JSONText.append(raw: #","serverInfo":"#, to: &out)
            appendIdentity(version: serverVersion, to: &out)
            JSONText.append(raw: "}", to: &out)
        }
    }

    /// An empty result: the answer to `ping`.
    package static func emptyResult(id: RequestID) -> [UInt8] { result(id) { JSONText.append(raw: "{}", to: &$0) } }

    /// A page of tools, each definition a JSON object; `responder` where there is no handshake, with the milliseconds that the page is good
    /// for.
    package static func toolsListResult(
        id: RequestID, tools: [[UInt8]], nextCursor: String?, by responder: Responder? = nil, freshFor milliseconds: Int = 0
    ) -> [UInt8] {
        listResult("tools", id: id, items: tools, nextCursor: nextCursor, by: responder, freshFor: milliseconds)
    }

    /// The same of a list other than that of tools.
    package static func listResult(
        _ listing: Listing, id: RequestID, items: [[UInt8]], nextCursor: String?, by responder: Responder? = nil,
        freshFor milliseconds: Int = 0
    ) -> [UInt8] {
        listResult(listing.member, id: id, items: items, nextCursor: nextCursor, by: responder, freshFor: milliseconds)
    }

    private static func listResult(
        _ member: StaticString, id: RequestID, items: [[UInt8]], nextCursor: String?, by responder: Responder?, freshFor milliseconds: Int
    ) -> [UInt8] {
        var out = envelope(id)
        out.reserveCapacity(items.reduce(out.count + 64 + (nextCursor?.utf8.count ?? 0)) { $0 + $1.count + 1 })
        JSONText.append(raw: #","result":{""#, to: &out)
        JSONText.append(raw: member, to: &out)
        JSONText.append(raw: #"":["#, to: &out)
        for (index, item) in items.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            out.append(contentsOf: item)
        }
        out.append(UInt8(ascii: "]"))
        if let nextCursor {
            JSONText.append(raw: #","nextCursor":"#, to: &out)
            JSONText.append(string: nextCursor, to: &out)
        }
        if let responder {
            JSONText.append(raw: ",", to: &out)
            responder.append(freshFor: milliseconds, to: &out)
        }
        JSONText.append(raw: "}}", to: &out)
        return out
    }

    /// The answer to `server/discover`: what an agent is told at `initialize` elsewhere, and the revisions that it may name.
    package static func discoverResult(id: RequestID, offer: Offer, by responder: Responder, freshFor milliseconds: Int) -> [UInt8] {
        result(id) { out in
            JSONText.append(raw: #"{"supportedVersions":"#, to: &out)
            Dialect.appendServed(to: &out)
            JSONText.append(raw: ",", to: &out)
            offer.append(to: &out)
            JSONText.append(raw: ",", to: &out)
            responder.append(freshFor: milliseconds, to: &out)
            JSONText.append(raw: "}", to: &out)
        }
    }

    /// A tool's result of one text; `responder` where there is no handshake.
    package static func textResult(id: RequestID, text: String, by responder: Responder? = nil) -> [UInt8] {
        result(id) { out in
            JSONText.append(raw: #"{"content":[{"type":"text","text":"#, to: &out)
            JSONText.append(string: text, to: &out)
            JSONText.append(raw: "}]", to: &out)
            if let responder {
                JSONText.append(raw: ",", to: &out)
                responder.append(to: &out)
            }
            JSONText.append(raw: "}", to: &out)
        }
    }

    // MARK: Parts

    static func appendIdentity(version: String, to out: inout [UInt8]) {
        JSONText.append(raw: #"{"name":"#, to: &out)
        JSONText.append(string: productName, to: &out)
        JSONText.append(raw: #","version":"#, to: &out)
        JSONText.append(string: version, to: &out)
        JSONText.append(raw: "}", to: &out)
    }

    private static func envelope(_ id: RequestID) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(256)
        JSONText.append(raw: #"{"jsonrpc":"2.0","id":"#, to: &out)
        id.append(to: &out)
        return out
    }

    static func result(_ id: RequestID, _ write: (inout [UInt8]) -> Void) -> [UInt8] {
        var out = envelope(id)
        JSONText.append(raw: #","result":"#, to: &out)
        write(&out)
        out.append(UInt8(ascii: "}"))
        return out
    }

    private static func request(id: Int, _ method: String, _ writeParams: (inout [UInt8]) -> Void) -> [UInt8] {
        call(envelope(RequestID(id)), method, writeParams)
    }

    static func notification(_ method: String, _ writeParams: (inout [UInt8]) -> Void) -> [UInt8] {
        call(Array(#"{"jsonrpc":"2.0""#.utf8), method, writeParams)
    }

    private static func call(_ envelope: [UInt8], _ method: String, _ writeParams: (inout [UInt8]) -> Void) -> [UInt8] {
        var out = envelope
        JSONText.append(raw: #","method":"#, to: &out)
        JSONText.append(string: method, to: &out)
        JSONText.append(raw: #","params":"#, to: &out)
        writeParams(&out)
        out.append(UInt8(ascii: "}"))
        return out
    }
}
