import Governance
import HTTPTypes
import Hummingbird
import NIOCore

/// What is wrong with a request, as `application/problem+json` (RFC 9457); `code` is what programs match.
struct Problem: Error, Hashable {
    let status: HTTPResponse.Status
    let code: String
    let detail: String
    /// Extra header fields.
    var headers: [HTTPField.Name: String] = [:]

    init(_ status: HTTPResponse.Status, _ code: String, _ detail: String) {
        self.status = status
        self.code = code
        self.detail = detail
    }

    static func invalid(_ detail: String) -> Problem { Problem(.badRequest, "invalid", detail) }
    static func notFound(_ detail: String) -> Problem { Problem(.notFound, "not_found", detail) }
    static func conflict(_ code: String, _ detail: String) -> Problem { Problem(.conflict, code, detail) }

    /// What is told where Redis did not do what was asked.
    init(_ error: StoreError) {
        switch error {
        case .unavailable:
            self.init(.serviceUnavailable, "store_unavailable", "Redis is out of reach")
            headers[.retryAfter] = "1"
        case .corrupt(let what): self.init(.internalServerError, "store_corrupt", "what is stored cannot be read: \(what)")
        case .notDurable: self.init(.serviceUnavailable, "not_durable", "too few replicas have it")
        }
    }
}

extension Problem: HTTPResponseError {
    private struct Document: Encodable {
        let type: String
        let title: String
        let status: Int
        let code: String
        let detail: String
    }

    func response(from request: Request, context: some RequestContext) throws -> Response {
        let document = Document(
            type: "about:blank", title: status.reasonPhrase, status: status.code, code: code, detail: detail)
        var response = try AdminJSON.response(document, status: status)
        response.headers[.contentType] = "application/problem+json"
        for (name, value) in headers { response.headers[name] = value }
        return response
    }
}
