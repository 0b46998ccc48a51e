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
}
