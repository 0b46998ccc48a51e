import NIOHTTP1

/// What a refused client is told of the tokens that would do: the header `WWW-Authenticate` (RFC 6750 §3, RFC 9728 §5.1).
struct Challenge: Sendable, Hashable {
    /// Why what came was not enough.
    enum Flaw: String, Sendable {
        case invalidToken = "invalid_token"
        case insufficientScope = "insufficient_scope"
    }

    /// Nil where no token came.
    let flaw: Flaw?
    /// All scopes that are needed at once; none where they cannot be told.
    let scopes: [String]
    /// Where a client finds out whom to ask for a token; nil where only macaroons are taken.
    let metadata: String?

    /// `resource`: nil where only macaroons are taken.
    init(_ flaw: Flaw?, of resource: ProtectedResource?, scopes: [String]? = nil) {
        self.flaw = flaw
        self.scopes = scopes ?? resource?.scopes ?? []
        metadata = resource?.metadataURL
    }

    var headers: HTTPHeaders {
        var parameters: [String] = []
        if let flaw { parameters.append("error=\"\(flaw.rawValue)\"") }
        if !scopes.isEmpty { parameters.append("scope=\"\(scopes.joined(separator: " "))\"") }
        if let metadata { parameters.append("resource_metadata=\"\(metadata)\"") }
        return ["www-authenticate": parameters.isEmpty ? "Bearer" : "Bearer \(parameters.joined(separator: ", "))"]
    }
}
