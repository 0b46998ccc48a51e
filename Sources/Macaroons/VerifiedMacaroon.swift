/// A macaroon whose whole chain was signed from a root key. Its caveats are the issuer's and the holders' own words, not yet judged.
package struct VerifiedMacaroon: Sendable {
    package let macaroon: Macaroon
    /// The signature of every prefix of the chain: of the identifier alone first, then after each caveat; one more than caveats.
    package let signatures: [Digest]
    /// The id of every prefix, in the same order; the last is the token's.
    package let ids: [Digest]

    fileprivate init(macaroon: Macaroon, signatures: [Digest]) throws(MacaroonError) {
        self.macaroon = macaroon
        self.signatures = signatures
        var ids: [Digest] = []
        for signature in signatures { ids.append(try macaroon.id(of: signature)) }
        self.ids = ids
    }
}

extension Macaroon {
    /// The token proved to be signed from this key; nil for any other, for one that has a third party's caveat
    /// (no discharge is ever accepted), and when libcrypto fails.
    package func verify(rootKey: RootKey) -> VerifiedMacaroon? {
        guard let signatures = try? chain(from: rootKey), let last = signatures.last else { return nil }
        let proved = last.matches(signature)
        let firstPartyOnly = caveats.allSatisfy { $0.thirdParty == nil }
        guard proved, firstPartyOnly else { return nil }
        return try? VerifiedMacaroon(macaroon: self, signatures: signatures)
    }

    /// What the signatures must be under this key.
    private func chain(from rootKey: RootKey) throws(MacaroonError) -> [Digest] {
        var signature = try rootKey.signature(of: identifier, encoding: encoding)
        var signatures = [signature]
        for caveat in caveats {
            signature = try caveat.signature(after: signature)
            signatures.append(signature)
        }
        return signatures
    }
}
