/// One JSON-RPC message: its whole text is validated, only ranges are kept.
///
/// Refused are invalid JSON or UTF-8, more than 128 levels, and what two readers might take differently: a key said twice in the
/// envelope, `params`, `result`, `error` or their `_meta` (more than 1,024 members in all of these), or `Name` for `name` there.
/// Escaped keys are read as what they spell. An object, for it is handed from stage to stage and is large to copy.
package final class Message: Sendable {
    /// What the envelope says the message is.
    package enum Kind: Sendable, Hashable { case request, notification, response }

    package let kind: Kind
    /// Always there in a request, never in a notification; an error response may come without.
    package let id: RequestID?
    /// There exactly when the message is no response.
    package let method: String?
    let document: JSONDocument

    /// The text as it came.
    package var bytes: [UInt8] { document.bytes }

    /// Reads one message; an array (a batch) is no message. What the agent of `description` says of itself is not read again.
    package init(_ bytes: [UInt8], of description: AgentDescription? = nil) throws(WireError) {
        guard let document = try? JSONDocument(bytes, as: .envelope, recalling: description?.meta) else { throw .malformed }
        let place = document.value(.id, in: .envelope)
        let id = place.flatMap { RequestID($0, of: document) }
        guard document.isObject(document.root), !document.isAmbiguous else { throw .invalidRequest(document.isAmbiguous ? nil : id) }
        guard let version = document.value(.jsonrpc, in: .envelope),
            document.isWritten(version, #""2.0""#) || document.text(version) == "2.0"
        else { throw .invalidRequest(id) }
        self.document = document
        self.id = id
        if let method = document.value(.method, in: .envelope) {
            self.method = document.isWritten(method, #""tools/call""#) ? Method.toolsCall : document.text(method)
            kind = place == nil ? .notification : .request
        } else {
            method = nil
            kind = .response
        }
        try checkEnvelope()
        try checkParams()
    }

    /// A request has an id, a response one of result and error, and neither has what is the other's.
    private func checkEnvelope() throws(WireError) {
        let result = document.value(.result, in: .envelope)
        let error = document.value(.error, in: .envelope)
        let isSound =
            switch kind {
            case .request: method != nil && id != nil && result == nil && error == nil
            case .notification: method != nil && result == nil && error == nil
            case .response: result == nil ? error != nil && hasIDOrNone : error == nil && id != nil
            }
        guard isSound else { throw .invalidRequest(id) }
    }

    /// An error response may be addressed to nobody, but not to something that is no id.
    private var hasIDOrNone: Bool {
        guard id == nil, let written = document.value(.id, in: .envelope) else { return true }
        return document.isNull(written)
    }

    /// `params` and its `_meta` are objects, null, or absent.
    private func checkParams() throws(WireError) {
        guard kind != .response else { return }
        if let params = document.value(.params, in: .envelope), !document.isObject(params), !document.isNull(params) {
            throw .invalidParams(id, "params must be an object")
        }
        if let meta = document.value(.meta, in: .params), !document.isObject(meta), !document.isNull(meta) {
            throw .invalidParams(id, "params._meta must be an object")
        }
    }
}
