/// What an upstream without a handshake wants to know before it goes on with a request: the answer `input_required`, read.
package struct InputRequired: Sendable {
    /// One thing that it asks the client.
    package struct Question: Sendable {
        /// The JSON string under which its answer is expected, as it is written.
        package let key: [UInt8]
        /// What is asked, as a request; its id is none that anybody knows.
        package let request: Message

        package init(key: [UInt8], request: Message) {
            self.key = key
            self.request = request
        }
    }

    /// In the order of the text.
    package let questions: [Question]
    /// The JSON string that is to be given back as it is; nil where there is none.
    package let state: [UInt8]?

    /// More is asked by nobody in his senses.
    package static let mostQuestions = 32

    /// Nil unless something is asked or kept, each question names a method, and the state is a string.
    package init?(_ answer: Answer) {
        let document = answer.message.document
        guard answer.asksForInput, let questions = Self.questions(in: document) else { return nil }
        if let range = document.value(.requestState, in: .result) {
            guard document.bytes[range.lowerBound] == UInt8(ascii: "\"") else { return nil }
            state = document.raw(range)
        } else {
            state = nil
        }
        guard !questions.isEmpty || state != nil else { return nil }
        self.questions = questions
    }

    private static func questions(in document: JSONDocument) -> [Question]? {
        guard let range = document.value("inputRequests", in: .result) else { return [] }
        guard let requests = document.object(range), requests.members.count <= mostQuestions else { return nil }
        var questions: [Question] = []
        for member in requests.members {
            guard requests.isObject(member.value) else { return nil }
            // A request without its envelope: what is said twice is refused as in any other message.
            let members = requests.bytes[member.value].dropFirst()
            let envelope = Array(#"{"jsonrpc":"2.0","id":0,"#.utf8)
            guard let request = try? Message(envelope + members), request.kind == .request else { return nil }
            questions.append(Question(key: requests.raw(member.key.lowerBound - 1..<member.key.upperBound + 1), request: request))
        }
        return questions
    }

    /// What the request is sent again with: the client's responses, one to each question in its order. Nil where one is no result.
    package func continued(with responses: [Message]) -> Continuation? {
        guard responses.count == questions.count else { return nil }
        guard !questions.isEmpty else { return Continuation(inputResponses: nil, requestState: state) }
        var out = [UInt8(ascii: "{")]
        for (question, response) in zip(questions, responses) {
            guard let result = response.document.value(.result, in: .envelope) else { return nil }
            if out.count > 1 { out.append(UInt8(ascii: ",")) }
            out += question.key
            out.append(UInt8(ascii: ":"))
            out += response.document.raw(result)
        }
        out.append(UInt8(ascii: "}"))
        return Continuation(inputResponses: out, requestState: state)
    }
}

/// What a request without a handshake is sent again with, after its upstream has asked for input.
package struct Continuation: Sendable, Hashable {
    /// The JSON object of the client's results by the upstream's keys; nil where nothing was asked.
    package let inputResponses: [UInt8]?
    /// The upstream's JSON string, as it was written; nil where it gave none.
    package let requestState: [UInt8]?

    package init(inputResponses: [UInt8]?, requestState: [UInt8]?) {
        self.inputResponses = inputResponses
        self.requestState = requestState
    }

    static let keys = ["inputResponses", "requestState"]

    /// Members for `params`, each with a comma behind it.
    var members: [UInt8] {
        var out: [UInt8] = []
        for (key, value) in zip(Self.keys, [inputResponses, requestState]) {
            guard let value else { continue }
            JSONText.append(string: key, to: &out)
            out.append(UInt8(ascii: ":"))
            out += value
            out.append(UInt8(ascii: ","))
        }
        return out
    }
}
