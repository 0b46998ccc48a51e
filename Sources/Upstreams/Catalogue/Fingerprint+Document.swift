import Governance

extension Fingerprint {
    /// Of all that decides what a document's upstream is; prices, limits and times are not among it.
    static func of(_ document: UpstreamDocument) -> String {
        var words = [document.transport.rawValue]
        switch document.place {
        case .url(let url): words += ["url", url]
        case .command(let command):
            words += ["command", "\(command.arguments.count)"] + command.arguments + pairs(command.environment)
            words.append(command.directory ?? "")
        }
        words += pairs(document.headers)
        words += [document.tls.authorities ?? "", document.tls.certificate ?? "", document.tls.key ?? ""]
        if let oauth = document.oauth {
            words += [oauth.tokenURL, oauth.clientID.source, oauth.clientSecret.source, oauth.scope ?? "", oauth.resource ?? ""]
        }
        return sha256(of: Array(words.joined(separator: "\0").utf8))
    }

    private static func pairs(_ values: [String: Template]) -> [String] {
        ["\(values.count)"] + values.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value.source] }
    }
}
