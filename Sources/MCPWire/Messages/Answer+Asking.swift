extension Answer {
    /// An upstream's `input_required` for an agent without a handshake: its own id put back, `state` in the place of the upstream's, and in
    /// each question who asks; what only whole results say is taken out. Nil where nothing is asked in a way that can be read.
    package func asking(_ id: RequestID, state: String, from upstream: String, by responder: Responder) -> [UInt8]? {
        guard let required = InputRequired(self) else { return nil }
        let document = message.document
        var edits = JSONEdits()
        edits.address(document, to: id)
        edits.removeMembers(of: .result, in: document) { member in
            ["requestState", "ttlMs", "cacheScope"].contains { document.key(of: member, is: $0) }
        }
        if let range = document.value("inputRequests", in: .result) {
            edits.replace(range, with: Outgoing.inputRequests(required.questions, from: upstream))
        }
        edits.sign(document, by: responder, adding: Outgoing.requestState(state))
        return edits.applied(to: document.bytes, in: 0..<document.bytes.count)
    }

    /// What an upstream with a handshake wants the user to visit first; nil where it wants nothing of the kind.
    package var urlElicitations: [InputRequired.Question]? {
        let document = message.document
        guard kind == .error(code: ErrorCode.needsURL), let data = document.value("data", in: .error).flatMap({ document.object($0) }),
            let list = data.value("elicitations", in: .other), let elements = JSONScanner.elements(of: data.bytes, in: list),
            (1...InputRequired.mostQuestions).contains(elements.count)
        else { return nil }
        var questions: [InputRequired.Question] = []
        for element in elements {
            let text = Array(#"{"jsonrpc":"2.0","id":0,"method":"elicitation/create","params":"#.utf8) + data.bytes[element]
            guard let request = try? Message(text + [UInt8(ascii: "}")]), request.neededAbility == .elicitationByURL else { return nil }
            questions.append(InputRequired.Question(key: JSONText.string("input-\(questions.count + 1)"), request: request))
        }
        return questions
    }
}

extension Message {
    /// An upstream's request as one of `inputRequests`: without envelope, task and token of progress, in `_meta` the upstream's name and
    /// nothing else under `io.satgate/`, all else byte for byte.
    func inputRequest(from upstream: String) -> [UInt8] {
        var edits = JSONEdits()
        edits.removeMembers(of: .envelope, in: document) { document.key(of: $0, is: "jsonrpc") || document.key(of: $0, is: "id") }
        // A task alone stays: nothing is asked with it.
        let asksMore = document.members.contains { $0.section == .params && !document.key(of: $0, is: "task") }
        edits.removeMembers(of: .params, in: document) { asksMore && document.key(of: $0, is: "task") }
        let keepsAny = edits.removeMembers(of: .paramsMeta, in: document) { member in
            document.key(of: member, startsWith: MetaKey.ours) || document.key(of: member, is: "progressToken")
        }
        edits.introduce(Self.origin(upstream), in: document, beforeOthers: keepsAny)
        return edits.applied(to: bytes, in: document.root)
    }

    private static func origin(_ upstream: String) -> [UInt8] {
        JSONText.string(MetaKey.upstream) + [UInt8(ascii: ":")] + JSONText.string(upstream)
    }

    /// The same response, or error, to another request.
    package func readdressed(to id: RequestID) -> [UInt8] {
        var edits = JSONEdits()
        edits.address(document, to: id)
        return edits.applied(to: bytes, in: 0..<bytes.count)
    }
}

extension Outgoing {
    /// What ends one round of an agent without a handshake: questions, and the state that it brings with the answers.
    package static func inputRequired(
        id: RequestID, questions: [InputRequired.Question], state: String, from upstream: String, by responder: Responder
    ) -> [UInt8] {
        result(id) { out in
            JSONText.append(raw: #"{"resultType":"input_required","inputRequests":"#, to: &out)
            out += inputRequests(questions, from: upstream)
            out.append(UInt8(ascii: ","))
            out += requestState(state)
            JSONText.append(raw: #","_meta":{"#, to: &out)
            out += responder.identity
            JSONText.append(raw: "}}", to: &out)
        }
    }

    /// The response to an upstream's own request.
    package static func response(to id: RequestID, result bytes: [UInt8]) -> [UInt8] { result(id) { $0 += bytes } }

    static func inputRequests(_ questions: [InputRequired.Question], from upstream: String) -> [UInt8] {
        var out = [UInt8(ascii: "{")]
        for question in questions {
            if out.count > 1 { out.append(UInt8(ascii: ",")) }
            out += question.key
            out.append(UInt8(ascii: ":"))
            out += question.request.inputRequest(from: upstream)
        }
        out.append(UInt8(ascii: "}"))
        return out
    }

    static func requestState(_ state: String) -> [UInt8] { Array(#""requestState":"#.utf8) + JSONText.string(state) }
}

/// What an agent answers to what it was asked: its results by key.
package struct InputResponses: Sendable {
    private let document: JSONDocument

    /// Nil for anything but an object in which no key stands twice.
    package init?(_ bytes: [UInt8]) {
        guard let document = try? JSONDocument(bytes, as: .other), document.isObject(document.root), !document.isAmbiguous else {
            return nil
        }
        self.document = document
    }

    /// The result under the key, a JSON string; nil where there is none.
    package func answer(to key: [UInt8]) -> [UInt8]? {
        guard let name = JSONText.unescaped(key.dropFirst().dropLast()), let range = document.value(name, in: .other),
            document.isObject(range)
        else { return nil }
        return document.raw(range)
    }
}
