import MCPWire

/// What the gateway is to OAuth clients: a protected resource (RFC 9728).
package struct ProtectedResource: Sendable, Hashable {
    /// The canonical URL by which clients ask for tokens (RFC 8707), without fragment and trailing slash.
    package let identifier: String
    /// Scheme and authority of the identifier.
    let origin: String
    /// Its path, which begins with `/` or is empty.
    let path: String
    let authorizationServers: [String]
    let scopes: [String]
    let name: String?

    /// Where such metadata lie, ahead of the resource's own path (RFC 9728 §3.1).
    static let place = "/.well-known/oauth-protected-resource"

    /// `origin` and `path` make up the identifier.
    package init(origin: String, path: String, authorizationServers: [String], scopes: [String], name: String? = nil) {
        identifier = origin + path
        self.origin = origin
        self.path = path
        self.authorizationServers = authorizationServers
        self.scopes = scopes
        self.name = name
    }

    /// Where clients find the metadata.
    package var metadataURL: String { origin + Self.place + path }

    /// True for the target of a request for them; that without the resource's path is answered too, as clients try it.
    func isDescribed(at target: Substring) -> Bool { target == Self.place || target == Self.place + path }

    /// The metadata, a JSON object (RFC 9728 §2).
    var metadata: [UInt8] {
        var out: [UInt8] = []
        func list(_ texts: [String]) {
            JSONText.append(raw: "[", to: &out)
            for (index, text) in texts.enumerated() {
                if index > 0 { JSONText.append(raw: ",", to: &out) }
                JSONText.append(string: text, to: &out)
            }
            JSONText.append(raw: "]", to: &out)
        }
        JSONText.append(raw: #"{"resource":"#, to: &out)
        JSONText.append(string: identifier, to: &out)
        JSONText.append(raw: #","authorization_servers":"#, to: &out)
        list(authorizationServers)
        if !scopes.isEmpty {
            JSONText.append(raw: #","scopes_supported":"#, to: &out)
            list(scopes)
        }
        JSONText.append(raw: #","bearer_methods_supported":["header"]"#, to: &out)
        if let name {
            JSONText.append(raw: #","resource_name":"#, to: &out)
            JSONText.append(string: name, to: &out)
        }
        JSONText.append(raw: "}", to: &out)
        return out
    }
}
