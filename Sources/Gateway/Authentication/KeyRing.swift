package import Governance
package import Macaroons

/// The root keys that this gateway trusts, each for one tenant; several may be active, so that keys rotate.
package struct KeyRing: Sendable {
    /// One root key.
    package struct Key: Sendable {
        /// What the identifiers of its tokens begin with, up to the first `:`.
        package let id: String
        /// The only tenant whose tokens it signs. Nil: any tenant's, and then the holder of a token without `tenant_id` can name one.
        package let tenant: TenantName?
        /// True when it also signs SatGate's own identifiers, which name no key.
        package let acceptsSatGate: Bool
        package let root: RootKey

        /// Nil unless the id is `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`.
        package init?(id: String, tenant: TenantName?, acceptsSatGate: Bool = false, root: RootKey) {
            guard Self.isID(id) else { return nil }
            self.id = id
            self.tenant = tenant
            self.acceptsSatGate = acceptsSatGate
            self.root = root
        }

        private static func isID(_ text: String) -> Bool {
            guard (1...64).contains(text.utf8.count), text != SatGateIdentifier.keyword else { return false }
            let marks = Array("._-".utf8)
            return text.utf8.enumerated().allSatisfy { place, byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: place > 0 && marks.contains(byte)
                }
            }
        }
    }

    /// Why keys do not make a ring.
    package enum Flaw: Error, Sendable, Hashable {
        case sameID(String)
        /// Two ids for one secret would make it the key of two tenants.
        case sameSecret(String, String)
        /// More than four keys for SatGate's identifiers, each of which every such token is tried with.
        case tooManySatGateKeys
        case cryptography
    }

    /// The most keys that one token is tried with.
    package static let satGateLimit = 4

    package let keys: [Key]
    private let byID: [[UInt8]: Key]
    private let satGate: [Key]
    /// Signs nothing; tokens of unknown keys are tried with it, so that they take the time of a bad signature.
    private let decoy: RootKey

    package init(_ keys: [Key]) throws(Flaw) {
        guard let decoy = try? RootKey.random() else { throw .cryptography }
        self.decoy = decoy
        self.keys = keys
        satGate = keys.filter(\.acceptsSatGate)
        guard satGate.count <= Self.satGateLimit else { throw .tooManySatGateKeys }
        byID = try Self.index(keys)
    }

    private static func index(_ keys: [Key]) throws(Flaw) -> [[UInt8]: Key] {
        var byID: [[UInt8]: Key] = [:]
        var idOfSecret: [Digest: String] = [:]
        for key in keys {
            guard byID.updateValue(key, forKey: Array(key.id.utf8)) == nil else { throw .sameID(key.id) }
            guard let secret = try? key.root.fingerprint() else { throw .cryptography }
            if let other = idOfSecret.updateValue(key.id, forKey: secret) { throw .sameSecret(other, key.id) }
        }
        return byID
    }

    /// The key of this id.
    package func key(_ id: String) -> Key? { byID[Array(id.utf8)] }

    /// The token proved by one of the keys, and that key; nil where none signed it.
    func verify(_ macaroon: Macaroon) -> (token: VerifiedMacaroon, key: Key)? {
        let candidates = candidates(for: macaroon)
        guard !candidates.isEmpty else {
            _ = macaroon.verify(rootKey: decoy)
            return nil
        }
        var proved: (VerifiedMacaroon, Key)?
        for key in candidates {
            if let token = macaroon.verify(rootKey: key.root) { proved = (token, key) }
        }
        return proved
    }

    /// The key that the identifier names, or those for SatGate's. An identifier of any other shape has none: SatGate's encoding
    /// signs with the root key itself, so a seal would be a signature of the very text it seals, were that text an identifier.
    private func candidates(for macaroon: Macaroon) -> [Key] {
        if macaroon.encoding == .satgate, SatGateIdentifier.matches(macaroon.identifier) { return satGate }
        guard let colon = macaroon.identifier.firstIndex(of: UInt8(ascii: ":")) else { return [] }
        return byID[Array(macaroon.identifier[..<colon])].map { [$0] } ?? []
    }
}

/// SatGate's own identifiers, `satgate-capability-v1:<unix milliseconds>`.
enum SatGateIdentifier {
    static let keyword = "satgate-capability-v1"

    /// True for the keyword, a colon, and 1 to 15 digits.
    static func matches(_ identifier: [UInt8]) -> Bool {
        let head = Array("\(keyword):".utf8)
        let digits = identifier.dropFirst(head.count)
        return identifier.starts(with: head) && (1...15).contains(digits.count)
            && digits.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    }
}
