import Governance

extension TenantCodec {
    /// One upstream of the document.
    static func value(of upstream: UpstreamDocument) -> DocumentValue {
        var out = place(upstream.place)
        out["name"] = .text(upstream.name.text)
        if upstream.transport != upstream.place.usualTransport { out["transport"] = .text(upstream.transport.rawValue) }
        if upstream.sessions != upstream.place.usualSessions { out["sessions"] = .text(upstream.sessions.rawValue) }
        if !upstream.headers.isEmpty { out["headers"] = .object(upstream.headers.mapValues { .text($0.source) }) }
        if upstream.timeout != UpstreamDocument.usualTimeout { out["timeout"] = .text("\(Milliseconds(count: upstream.timeout))") }
        out["tls"] = object(["authorities": upstream.tls.authorities, "certificate": upstream.tls.certificate, "key": upstream.tls.key])
        if let oauth = upstream.oauth {
            out["oauth"] = object([
                "token_url": oauth.tokenURL, "client_id": oauth.clientID.source, "client_secret": oauth.clientSecret.source,
                "scope": oauth.scope, "resource": oauth.resource,
            ])
        }
        out["limits"] = limits(upstream.limits)
        if upstream.pinsTools { out["pin_tools"] = .flag(true) }
        out["tariff"] = upstream.tariff.flatMap { value(of: $0, usually: nil) }
        if upstream.reportsCost { out["reports_cost"] = .flag(true) }
        if upstream.trustsHints { out["trust_hints"] = .flag(true) }
        return .object(out)
    }

    private static func place(_ place: UpstreamDocument.Place) -> [String: DocumentValue] {
        switch place {
        case .url(let url): return ["url": .text(url)]
        case .command(let command):
            var out: [String: DocumentValue] = ["command": .list(command.arguments.map { .text($0) })]
            if !command.environment.isEmpty { out["environment"] = .object(command.environment.mapValues { .text($0.source) }) }
            out["directory"] = command.directory.map { .text($0) }
            return out
        }
    }

    private static func limits(_ limits: UpstreamDocument.Limits) -> DocumentValue? {
        let usual = UpstreamDocument.Limits()
        var out: [String: DocumentValue] = [:]
        if limits.calls != usual.calls { out["calls"] = .number(String(limits.calls)) }
        if limits.waiting != usual.waiting { out["waiting"] = .number(String(limits.waiting)) }
        if limits.sessions != usual.sessions { out["sessions"] = .number(String(limits.sessions)) }
        return out.isEmpty ? nil : .object(out)
    }

    /// The texts there are; nil where there is none.
    private static func object(_ texts: [String: String?]) -> DocumentValue? {
        let texts = texts.compactMapValues { $0.map { DocumentValue.text($0) } }
        return texts.isEmpty ? nil : .object(texts)
    }
}

// MARK: Reading

extension TenantCodec {
    static func upstream(_ node: DocumentNode) throws(StoreError) -> UpstreamDocument {
        var fields = try node.fields()
        let place = try place(&fields, of: node)
        let upstream = UpstreamDocument(
            name: try fields.need("name").parsed { UpstreamName($0) }, place: place,
            transport: try fields.take("transport")?.parsed(UpstreamDocument.Transport.init(rawValue:)) ?? place.usualTransport,
            sessions: try fields.take("sessions")?.parsed(UpstreamDocument.Sessions.init(rawValue:)) ?? place.usualSessions,
            headers: try templates(fields.take("headers")),
            timeout: try fields.take("timeout")?.parsed { Milliseconds($0)?.count } ?? UpstreamDocument.usualTimeout,
            tls: try tls(fields.take("tls")), oauth: try oauth(fields.take("oauth")), limits: try limits(fields.take("limits")),
            pinsTools: try fields.take("pin_tools")?.flag() ?? false,
            tariff: try tariff(fields.take("tariff")), reportsCost: try fields.take("reports_cost")?.flag() ?? false,
            trustsHints: try fields.take("trust_hints")?.flag() ?? false)
        try fields.end()
        return upstream
    }

    private static func place(_ fields: inout DocumentFields, of node: DocumentNode) throws(StoreError) -> UpstreamDocument.Place {
        guard let list = fields.take("command") else { return .url(try fields.need("url").text()) }
        var words: [String] = []
        for element in try list.elements() { words.append(try element.text()) }
        let command = UpstreamDocument.Command(
            arguments: words, environment: try templates(fields.take("environment")), directory: try fields.take("directory")?.text())
        guard let command else { throw list.error("no program") }
        return .command(command)
    }

    private static func templates(_ node: DocumentNode?) throws(StoreError) -> [String: Template] {
        var templates: [String: Template] = [:]
        for (name, value) in try node?.members() ?? [] { templates[name] = try value.template() }
        return templates
    }

    private static func tls(_ node: DocumentNode?) throws(StoreError) -> UpstreamDocument.TLS {
        guard var fields = try node?.fields() else { return UpstreamDocument.TLS() }
        let tls = UpstreamDocument.TLS(
            authorities: try fields.take("authorities")?.text(), certificate: try fields.take("certificate")?.text(),
            key: try fields.take("key")?.text())
        try fields.end()
        return tls
    }

    private static func oauth(_ node: DocumentNode?) throws(StoreError) -> UpstreamDocument.OAuth? {
        guard var fields = try node?.fields() else { return nil }
        let oauth = UpstreamDocument.OAuth(
            tokenURL: try fields.need("token_url").text(), clientID: try fields.need("client_id").template(),
            clientSecret: try fields.need("client_secret").template(), scope: try fields.take("scope")?.text(),
            resource: try fields.take("resource")?.text())
        try fields.end()
        return oauth
    }

    private static func limits(_ node: DocumentNode?) throws(StoreError) -> UpstreamDocument.Limits {
        var limits = UpstreamDocument.Limits()
        guard var fields = try node?.fields() else { return limits }
        limits.calls = try fields.take("calls")?.count() ?? limits.calls
        limits.waiting = try fields.take("waiting")?.count() ?? limits.waiting
        limits.sessions = try fields.take("sessions")?.count() ?? limits.sessions
        try fields.end()
        return limits
    }
}
