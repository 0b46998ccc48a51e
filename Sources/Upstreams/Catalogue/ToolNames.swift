import Governance

/// The names under which tools of several upstreams stand in one list.
enum ToolNames {
    /// The longest name that clients are sure to take.
    static let longest = 64

    /// `upstream__tool`; over 64 characters cut and ended by 8 hex digits of its SHA-256.
    static func prefixed(_ tool: String, by upstream: UpstreamName) -> String {
        let whole = "\(upstream.text)__\(tool)"
        guard whole.unicodeScalars.count > longest else { return whole }
        var kept = String.UnicodeScalarView()
        kept.append(contentsOf: whole.unicodeScalars.prefix(longest - 8))
        return String(kept) + fingerprint(of: whole)
    }

    /// The first 8 hex digits of the text's SHA-256.
    private static func fingerprint(of text: String) -> String { String(Fingerprint.sha256(of: Array(text.utf8)).prefix(8)) }
}
