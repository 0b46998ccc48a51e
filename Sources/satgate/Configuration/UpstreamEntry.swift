import Foundation
import Governance
import Upstreams

/// One upstream of a tenant in YAML: `name`; `url` or `command` (a list of words, with `environment` and `directory`); `transport`,
/// `sessions`, `headers`, `timeout`, `tls`, `oauth`, `limits`, `pin_tools`, `tariff`, `reports_cost` and `trust_hints`. Texts may refer to secrets, which are not looked up here.
struct UpstreamEntry {
    private static let known: Set<String> = [
        "name", "url", "command", "environment", "directory", "transport", "sessions", "headers", "timeout", "tls", "oauth", "limits",
        "pin_tools", "tariff", "reports_cost", "trust_hints",
    ]

    private let node: YAMLNode
    private let keys: [String: YAMLNode]

    init(_ node: YAMLNode) throws(ConfigurationError) {
        self.node = node
        keys = try node.mapping(Self.known)
    }

    /// The upstream.
    func document() throws(ConfigurationError) -> UpstreamDocument {
        guard let name = keys["name"] else { throw node.error("name: missing") }
        let place = try place()
        return UpstreamDocument(
            name: try name.value("a name like tools-1: [a-z][a-z0-9-]{0,31}", { UpstreamName($0) }), place: place,
            transport: try transport(at: place), sessions: try sessions(at: place), headers: try headers(),
            timeout: try keys["timeout"]?.value("a duration like 30s or 500ms", { Milliseconds($0)?.count })
                ?? UpstreamDocument.usualTimeout,
            tls: try tls(at: place), oauth: try oauth(), limits: try limits(), pinsTools: try keys["pin_tools"]?.flag() ?? false,
            tariff: try keys["tariff"]?.tariff(), reportsCost: try keys["reports_cost"]?.flag() ?? false,
            trustsHints: try keys["trust_hints"]?.flag() ?? false)
    }

    private func place() throws(ConfigurationError) -> UpstreamDocument.Place {
        guard let list = keys["command"] else {
            guard let url = keys["url"] else { throw node.error("url: missing (or command)") }
            try refuse("environment", "directory", beside: "url")
            return .url(try url.address())
        }
        try refuse("url", "headers", "tls", "oauth", beside: "command")
        var words: [String] = []
        for element in try list.elements() { words.append(try element.text()) }
        let directory = try keys["directory"]?.filled()
        let command = UpstreamDocument.Command(arguments: words, environment: try environment(), directory: directory)
        guard let command else { throw list.error("must begin with a program") }
        return .command(command)
    }

    private func environment() throws(ConfigurationError) -> [String: Template] {
        var environment: [String: Template] = [:]
        for (name, value) in try keys["environment"]?.members() ?? [] {
            guard !name.isEmpty, !name.utf8.contains(where: { $0 == UInt8(ascii: "=") || $0 < 0x20 }) else {
                throw value.error("not a variable's name")
            }
            environment[name] = try value.template(isSecret: SecretRule.names(name))
        }
        return environment
    }

    private func transport(at place: UpstreamDocument.Place) throws(ConfigurationError) -> UpstreamDocument.Transport {
        guard let said = keys["transport"] else { return place.usualTransport }
        let transport = try said.value("auto, streamable-http, sse or stdio", UpstreamDocument.Transport.init(rawValue:))
        switch place {
        case .url where transport == .stdio: throw said.error("stdio cannot stand beside url")
        case .command where transport != .stdio: throw said.error("\(transport.rawValue) cannot stand beside command")
        default: return transport
        }
    }

    private func sessions(at place: UpstreamDocument.Place) throws(ConfigurationError) -> UpstreamDocument.Sessions {
        guard let said = keys["sessions"] else { return place.usualSessions }
        let sessions = try said.value("dedicated or shared", UpstreamDocument.Sessions.init(rawValue:))
        if case .command = place, sessions == .dedicated { throw said.error("a command's are always shared") }
        return sessions
    }

    private func headers() throws(ConfigurationError) -> [String: Template] {
        var headers: [String: Template] = [:]
        for (name, value) in try keys["headers"]?.members() ?? [] {
            guard UpstreamHeader.isName(name) else { throw value.error("not a header's name, or one that is the gateway's to send") }
            guard !headers.keys.contains(where: { $0.lowercased() == name.lowercased() }) else { throw value.error("given twice") }
            let template = try value.template(isSecret: SecretRule.names(name))
            guard UpstreamHeader.isValue(template.source) else { throw value.error("has a control character") }
            if name.lowercased() == "authorization", keys["oauth"] != nil { throw value.error("cannot stand beside oauth") }
            headers[name] = template
        }
        return headers
    }

    private func tls(at place: UpstreamDocument.Place) throws(ConfigurationError) -> UpstreamDocument.TLS {
        guard let node = keys["tls"] else { return UpstreamDocument.TLS() }
        let keys = try node.mapping(["authorities", "certificate", "key"])
        if case .url(let url) = place, url.hasPrefix("http:") { throw node.error("is of no use beside an http:// url") }
        guard (keys["certificate"] == nil) == (keys["key"] == nil) else { throw node.error("certificate and key must stand together") }
        return UpstreamDocument.TLS(
            authorities: try keys["authorities"]?.filled(), certificate: try keys["certificate"]?.filled(), key: try keys["key"]?.filled())
    }

    private func oauth() throws(ConfigurationError) -> UpstreamDocument.OAuth? {
        guard let node = keys["oauth"] else { return nil }
        let keys = try node.mapping(["token_url", "client_id", "client_secret", "scope", "resource"])
        guard let url = keys["token_url"] else { throw node.error("token_url: missing") }
        guard let id = keys["client_id"] else { throw node.error("client_id: missing") }
        guard let secret = keys["client_secret"] else { throw node.error("client_secret: missing") }
        return UpstreamDocument.OAuth(
            tokenURL: try url.address(), clientID: try id.template(isSecret: false), clientSecret: try secret.template(isSecret: true),
            scope: try keys["scope"]?.filled(), resource: try keys["resource"]?.filled())
    }

    private func limits() throws(ConfigurationError) -> UpstreamDocument.Limits {
        var limits = UpstreamDocument.Limits()
        guard let keys = try keys["limits"]?.mapping(["calls", "waiting", "sessions"]) else { return limits }
        limits.calls = try keys["calls"]?.count(from: 1) ?? limits.calls
        limits.waiting = try keys["waiting"]?.count(from: 0) ?? limits.waiting
        limits.sessions = try keys["sessions"]?.count(from: 1) ?? limits.sessions
        return limits
    }

    private func refuse(_ names: String..., beside other: String) throws(ConfigurationError) {
        for name in names {
            if let node = keys[name] { throw node.error("cannot stand beside \(other)") }
        }
    }
}

extension YAMLNode {
    /// The scalar with its references, none of which is looked up.
    fileprivate func template(isSecret: Bool) throws(ConfigurationError) -> Template {
        let template = try value("a text in which each ${ begins ${env:NAME} or ${file:PATH}", { Template($0) })
        if let flaw = SecretRule.flaw(in: template, isSecret: isSecret) { throw error(flaw) }
        return template
    }

    /// The scalar, an absolute http(s) URL with a host and without credentials.
    fileprivate func address() throws(ConfigurationError) -> String {
        try value("an http:// or https:// address without a user") { text in
            guard text.hasPrefix("http://") || text.hasPrefix("https://"), UpstreamAddress.isUsable(text) else { return nil }
            return text
        }
    }

    /// The scalar, which must not be empty.
    fileprivate func filled() throws(ConfigurationError) -> String {
        try value("a text") { $0.isEmpty ? nil : $0 }
    }

    fileprivate func count(from least: Int) throws(ConfigurationError) -> Int {
        try value("a whole number from \(least) to 1000000") { text in Int(text).flatMap { (least...1_000_000).contains($0) ? $0 : nil } }
    }
}
