import Foundation
import Gateway
import Governance
import OAuth
import OneShotHTTP

/// Reads from YAML whose access tokens are taken and what they are worth: `resource` (this gateway's URL as its clients know it), `name`,
/// `refresh` (ms, 600000: between two fetches of an issuer's keys), and a list `issuers`, each with
///
/// - `issuer` (its `iss`), `keys_url` (else its metadata say where), `authorities` (a PEM file, else the system's)
/// - `audience` (a text or a list; the resource)
/// - `tenant`, required: a name, or `{claim, values}`
/// - `scope`: `{claim, values}`, each value a comma list as of the caveat; without it a token may use all that the tenant has
/// - `budget`: a name, or `{claim, values}`; `limit`: credits of one subject through one client; `label`: `{claim}`
///
/// Where `values` is missing, the claim's own text counts.
enum OAuthFile {
    /// What a file says.
    struct Statement {
        var resource: ProtectedResource
        var issuers: [IssuerTerms]
        var pace = IssuerKeys.Pace()
    }

    /// The statement of the file.
    static func read(_ file: String) throws(ConfigurationError) -> Statement { try statement(in: try YAMLNode.read(file)) }

    /// The statement of the document.
    static func statement(in root: YAMLNode) throws(ConfigurationError) -> Statement {
        let members = try root.mapping(["resource", "name", "refresh", "issuers"])
        guard let place = members["resource"] else { throw root.error("resource: missing") }
        guard let list = members["issuers"] else { throw root.error("issuers: missing") }
        let (origin, path) = try Self.place(place)
        var issuers: [IssuerTerms] = []
        for element in try list.elements() {
            let terms = try issuer(element, resource: origin + path)
            guard !issuers.contains(where: { $0.issuer == terms.issuer }) else { throw element.error("issuer: given twice") }
            issuers.append(terms)
        }
        guard !issuers.isEmpty else { throw list.error("no issuer is given") }
        let resource = ProtectedResource(
            origin: origin, path: path, authorizationServers: issuers.map(\.issuer),
            scopes: Set(issuers.flatMap { $0.scope?.words?.keys.map(\.self) ?? [] }).sorted(), name: try members["name"]?.text())
        var statement = Statement(resource: resource, issuers: issuers)
        if let refresh = members["refresh"] {
            statement.pace.interval = try refresh.value("milliseconds in 1000…86400000") { text in
                Int(text).flatMap { (1000...86_400_000).contains($0) ? .milliseconds($0) : nil }
            }
        }
        return statement
    }

    /// Scheme and authority, and the path.
    private static func place(_ node: YAMLNode) throws(ConfigurationError) -> (origin: String, path: String) {
        try node.value("an http:// or https:// URL without a user, query, fragment and slash at its end") { text in
            guard let match = text.wholeMatch(of: /(https?:\/\/[A-Za-z0-9.:\[\]-]+)((?:\/[A-Za-z0-9._~%-]+)*)/), HTTPAddress(text) != nil
            else { return nil }
            return (String(match.1), String(match.2))
        }
    }

    private static func issuer(_ node: YAMLNode, resource: String) throws(ConfigurationError) -> IssuerTerms {
        let members = try node.mapping([
            "issuer", "keys_url", "authorities", "audience", "tenant", "scope", "budget", "limit", "label",
        ])
        guard let issuer = members["issuer"] else { throw node.error("issuer: missing") }
        guard let tenant = members["tenant"] else { throw node.error("tenant: missing") }
        var terms = IssuerTerms(
            issuer: try issuer.text(), address: try address(issuer), audiences: [resource],
            tenant: try rule(tenant, wanted: "a tenant's name: [a-z0-9][A-Za-z0-9._-]{0,63}") { TenantName($0) })
        if let keys = members["keys_url"] { terms.keys = try address(keys) }
        terms.authorities = try members["authorities"]?.text()
        if let audience = members["audience"] { terms.audiences = Set(try texts(audience)) }
        if let scope = members["scope"] { terms.scope = try Self.scope(scope) }
        if let budget = members["budget"] { terms.budget = try rule(budget, wanted: "a budget's name") { BudgetName($0) } }
        if let limit = members["limit"] { terms.limit = try limit.value("credits") { Credits(decimal: $0) } }
        if let label = members["label"] { terms.label = try claim(try label.mapping(["claim"]), of: label) }
        return terms
    }

    /// What goes over the network in the clear proves nothing.
    private static func address(_ node: YAMLNode) throws(ConfigurationError) -> HTTPAddress {
        try node.value("an https:// URL (http:// only to this machine) without a user, query and fragment") { text in
            HTTPAddress(text).flatMap { $0.isSecure || $0.isLoopback ? $0 : nil }
        }
    }

    private static func texts(_ node: YAMLNode) throws(ConfigurationError) -> [String] {
        if node.isScalar { return [try node.text()] }
        var texts: [String] = []
        for element in try node.elements() { texts.append(try element.text()) }
        guard !texts.isEmpty else { throw node.error("is empty") }
        return texts
    }

    private static func rule<Value: Sendable & Hashable>(
        _ node: YAMLNode, wanted: String, _ read: @escaping @Sendable (String) -> Value?
    ) throws(ConfigurationError) -> ClaimRule<Value> {
        if node.isScalar { return .always(try node.value(wanted, read)) }
        let members = try node.mapping(["claim", "values"])
        let claim = try claim(members, of: node)
        guard let values = members["values"] else { return .stated(claim, read) }
        var known: [String: Value] = [:]
        for (text, value) in try values.members() { known[text] = try value.value(wanted, read) }
        return .mapped(claim, known)
    }

    private static func scope(_ node: YAMLNode) throws(ConfigurationError) -> ScopeRule {
        let members = try node.mapping(["claim", "values"])
        let claim = try claim(members, of: node)
        guard let values = members["values"] else { return ScopeRule(claim: claim, words: nil) }
        var words: [String: [String]] = [:]
        for (scope, value) in try values.members() {
            guard ScopeRule.isToken(scope) else { throw value.error("its key is no scope (RFC 6749 §3.3)") }
            words[scope] = try value.value("a comma list of names, <upstream>:* or *") { Scope.Clause($0)?.words }
        }
        return ScopeRule(claim: claim, words: words)
    }

    private static func claim(_ members: [String: YAMLNode], of node: YAMLNode) throws(ConfigurationError) -> String {
        guard let claim = members["claim"] else { throw node.error("claim: missing") }
        return try claim.value("the name of a claim") { $0.isEmpty ? nil : $0 }
    }
}
