import Governance
import Macaroons

@testable import Gateway

extension FuzzTarget {
    /// Tokens. The first byte says what the rest is: `t` a token's text, `b` the bytes that its base64 hides, else caveats, one a line.
    static let token = FuzzTarget(
        "token",
        seeds: TokenCase.seeds,
        words: TokenCase.caveats + [
            " = ", ",", ":*", "*", "\n", "scope", "expires", "budget_id", "budget_bind", "parent", "-", "T", "Z", "+01:00", "{\"v\":2",
            "\"i64\":",
            "\"s64\":", "\"v64\":", "\"c\":[", "\\u0000", "\\ud83d", "0010", "identifier ", "cid ", "vid ", "cl ", "signature ",
            "\u{80}\u{1}",
        ]
    ) { bytes in
        let rest = Array(bytes.dropFirst())
        switch bytes.first {
        case UInt8(ascii: "t"): return TokenCase.flaw(ofToken: String(decoding: rest, as: UTF8.self))
        case UInt8(ascii: "b"): return TokenCase.flaw(ofToken: String(decoding: Base64.encodeURL(rest), as: UTF8.self))
        default: return TokenCase.flaw(ofCaveats: rest.split(separator: UInt8(ascii: "\n")).map { Array($0) })
        }
    }
}

/// What must hold of tokens.
enum TokenCase {
    static let caveats = [
        "tenant_id = acme", "expires = 4102444800000", "scope = search,files:*", "budget_limit = 5", "delegation_depth = 2",
        "delegation_budget = 0.5", "label = a",
    ]
    private static let root = try? RootKey(bytes: [UInt8](repeating: 7, count: 32))
    private static let key = root.flatMap { KeyRing.Key(id: "k1", tenant: TenantName("acme"), acceptsSatGate: true, root: $0) }

    /// Tokens that are as they should be, one for each encoding.
    static let tokens: [Macaroon] = Macaroon.Encoding.allCases.compactMap { try? mint(caveats.map { Array($0.utf8) }, $0) }

    /// The tokens as text and beneath their base64, and caveats.
    static let seeds: [[UInt8]] = {
        let texts = tokens.map { $0.encoded() }
        let beneath = texts.compactMap { Base64.decode(Array($0.utf8)) }
        let lists = [caveats.joined(separator: "\n"), "tenant_id = acme\nexpires = 2030-01-01T00:00:00Z\nscope = *"]
        return texts.map { .init(of: "t" + $0) } + beneath.map { [UInt8(ascii: "b")] + $0 } + lists.map { .init(of: "c" + $0) }
    }()

    private static func mint(_ caveats: [[UInt8]], _ encoding: Macaroon.Encoding) throws -> Macaroon {
        guard let root else { throw MacaroonError.cryptography }
        return try .mint(
            rootKey: root, identifier: Array("k1:00".utf8), location: "https://gw.example", caveats: caveats, encoding: encoding)
    }

    /// A token says the same when it is written again, and is proved only where it is one of ours.
    static func flaw(ofToken text: String) -> String? {
        guard let token = try? Macaroon(decoding: text), let root else { return nil }
        let isOurs = tokens.contains { $0.identifier == token.identifier && $0.caveats == token.caveats && $0.signature == token.signature }
        if token.verify(rootKey: root) != nil, !isOurs { return "a forgery is proved" }
        let written = token.encoded()
        // Escapes may make it longer than a token may be.
        guard written.utf8.count <= Macaroon.Limit.token else { return nil }
        guard let again = try? Macaroon(decoding: written) else { return "what it is written as cannot be read" }
        let isSame =
            again.encoding == token.encoding && again.location == token.location && again.identifier == token.identifier
            && again.caveats == token.caveats && again.signature == token.signature
        return isSame && again.encoded() == written ? nil : "it is read otherwise when it is written again"
    }

    /// A caveat more never entitles to more.
    static func flaw(ofCaveats lines: [[UInt8]]) -> String? {
        guard let token = try? mint(lines, .v2), let narrow = grant(of: token) else { return nil }
        guard let shorter = try? mint(Array(lines.dropLast()), .v2), let wide = grant(of: shorter) else { return nil }
        let names = ["search", "files:read", "files_read", "other", "x:y"]
        if narrow.tenant != wide.tenant { return "another tenant" }
        if narrow.expires > wide.expires { return "a later end" }
        if narrow.caps.count < wide.caps.count || narrow.budget != wide.budget { return "other accounts" }
        if names.contains(where: { narrow.scope.allows(name: $0) && !wide.scope.allows(name: $0) }) { return "a wider scope" }
        if let depth = wide.delegationDepth, narrow.delegationDepth.map({ $0 > depth }) ?? true { return "deeper delegation" }
        return nil
    }

    private static func grant(of token: Macaroon) -> Grant? {
        guard let root, let key, let proved = token.verify(rootKey: root) else { return nil }
        return try? Clearing.grant(for: proved, under: key)
    }
}
