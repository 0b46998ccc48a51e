extension Outgoing {
    /// A request of our own that says nothing but one text.
    package static func request(_ method: String, id: Int, of param: (key: StaticString, value: String)) -> [UInt8] {
        var out = Array(#"{"jsonrpc":"2.0","id":"#.utf8)
        JSONText.append(integer: id, to: &out)
        JSONText.append(raw: #","method":"#, to: &out)
        JSONText.append(string: method, to: &out)
        JSONText.append(raw: #","params":{""#, to: &out)
        JSONText.append(raw: param.key, to: &out)
        JSONText.append(raw: #"":"#, to: &out)
        JSONText.append(string: param.value, to: &out)
        JSONText.append(raw: "}}", to: &out)
        return out
    }

    /// The answer to a server's request that could not be served (-32603).
    package static func internalError(id: RequestID, _ reason: String) -> [UInt8] {
        var out = Array(#"{"jsonrpc":"2.0","id":"#.utf8) + id.raw
        JSONText.append(raw: #","error":{"code":-32603,"message":"#, to: &out)
        JSONText.append(string: reason, to: &out)
        JSONText.append(raw: "}}", to: &out)
        return out
    }

    /// `subscriptions/listen` for these changes.
    package static func listen(id: Int, to filter: SubscriptionFilter, sender: Sender) -> [UInt8] {
        var out = Array(#"{"jsonrpc":"2.0","id":"#.utf8)
        JSONText.append(integer: id, to: &out)
        JSONText.append(raw: #","method":"#, to: &out)
        JSONText.append(string: Method.listen, to: &out)
        JSONText.append(raw: #","params":{"notifications":"#, to: &out)
        filter.append(to: &out)
        JSONText.append(raw: ",", to: &out)
        sender.append(to: &out)
        JSONText.append(raw: "}}", to: &out)
        return out
    }
}
