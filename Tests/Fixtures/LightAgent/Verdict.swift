import Foundation

/// What an answer means for its call.
enum Verdict {
    /// Definitive: what it was, and the hash of the result's bytes.
    case done(String, hash: UInt64)
    /// To be tried again under the same key.
    case again(String)
    /// The session is gone.
    case sessionGone

    /// Errors after which the same key is tried again.
    private static let passing: Set<String> = ["node_lost", "in_progress", "store_unavailable", "not_durable", "unavailable"]

    /// `id`: of the request; `text`: what a result has to hold.
    init(_ answer: HTTPAnswer, id: String, text: String?) {
        if answer.status == 404 {
            self = .sessionGone
        } else if answer.status >= 500 || answer.status == 429 {
            self = .again("HTTP \(answer.status) \(Self.label(answer, id: id) ?? "without a JSON-RPC error")")
        } else if let result = answer.message.result {
            if !answer.message.has("\"\(id)\"") {
                self = .done("another's answer", hash: 0)
            } else if let text, !result.has(text) {
                self = .done("another's result", hash: 0)
            } else {
                self = .done(result.has(#""isError":true"#) ? "tool_error" : "result", hash: result.hash)
            }
        } else {
            self.init(refusal: answer)
        }
    }

    /// What programs match in the JSON-RPC error that answers the request.
    private static func label(_ answer: HTTPAnswer, id: String) -> String? {
        guard let error = error(answer), answer.message.has("\"\(id)\"") else { return nil }
        return (error["data"] as? [String: Any])?["error"] as? String
    }

    private static func error(_ answer: HTTPAnswer) -> [String: Any]? {
        let message = (try? JSONSerialization.jsonObject(with: Data(answer.message))) as? [String: Any]
        return message?["error"] as? [String: Any]
    }

    private init(refusal answer: HTTPAnswer) {
        guard let error = Self.error(answer) else {
            self = answer.status == 200 ? .again("no answer in the stream") : .done("HTTP \(answer.status)", hash: 0)
            return
        }
        let label = (error["data"] as? [String: Any])?["error"] as? String
        let text = label ?? "\(error["code"] ?? "?") \(error["message"] ?? "")"
        self = Self.passing.contains(text) ? .again(text) : .done(text, hash: 0)
    }
}

extension ArraySlice<UInt8> {
    /// The bytes of the member `result`, an object.
    fileprivate var result: ArraySlice<UInt8>? {
        guard let start = find(#""result":{"#) else { return nil }
        let begin = start + 9
        var depth = 0
        var inText = false
        var isEscaped = false
        for index in begin..<endIndex {
            let byte = self[index]
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                inText.toggle()
            } else if !inText, byte == UInt8(ascii: "{") {
                depth += 1
            } else if !inText, byte == UInt8(ascii: "}") {
                depth -= 1
                if depth == 0 { return self[begin...index] }
            }
        }
        return nil
    }

    /// 64-bit FNV-1a.
    fileprivate var hash: UInt64 { reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 } }
}
