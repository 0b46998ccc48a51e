/// A bearer token whose holder can add conditions but remove none: each caveat is signed with the signature before it.
///
/// Nothing it says is true before `verify`; the location is never signed.
package struct Macaroon: Sendable {
    /// The ways to write one down; a token stays in the encoding it came in.
    package enum Encoding: String, Sendable, CaseIterable {
        /// base64url of SatGate's compact JSON, signed with the root key itself.
        case satgate
        /// libmacaroons' packets, base64url.
        case v1
        /// libmacaroons' binary form, base64url.
        case v2
        /// libmacaroons' JSON, as it is.
        case v2JSON = "v2-json"
    }

    /// What a token may measure; nothing larger is read, nothing larger is made.
    package enum Limit {
        /// Bytes of the token's text.
        package static let token = 8 * 1024
        package static let caveats = 64
        /// Bytes of one caveat.
        package static let caveat = 1024
    }

    package let encoding: Encoding
    /// Unsigned, a hint and no more; nil where the encoding leaves it out.
    package let location: [UInt8]?
    package let identifier: [UInt8]
    package let caveats: [Caveat]
    /// Of the whole chain. Whoever knows it can use the token: it is never stored, logged or shown.
    package let signature: Digest

    /// Checks the number and size of the caveats.
    init(
        encoding: Encoding, location: [UInt8]?, identifier: [UInt8], caveats: [Caveat], signature: Digest
    ) throws(MacaroonError) {
        guard caveats.count <= Limit.caveats else { throw .tooManyCaveats }
        guard caveats.allSatisfy(\.isWithinLimit) else { throw .caveatTooLong }
        self.encoding = encoding
        self.location = location
        self.identifier = identifier
        self.caveats = caveats
        self.signature = signature
    }

    /// A new token of first-party caveats.
    package static func mint(
        rootKey: RootKey, identifier: [UInt8], location: String? = nil, caveats: [[UInt8]] = [], encoding: Encoding = .v2
    ) throws(MacaroonError) -> Macaroon {
        let implied: [UInt8]? = encoding == .v1 || encoding == .satgate ? [] : nil
        var macaroon = try Macaroon(
            encoding: encoding, location: location.map { Array($0.utf8) } ?? implied, identifier: identifier, caveats: [],
            signature: rootKey.signature(of: identifier, encoding: encoding))
        for caveat in caveats { macaroon = try macaroon.attenuated(by: caveat) }
        return try macaroon.writable()
    }

    /// The token with one caveat more; needs no key.
    package func attenuated(by caveat: [UInt8]) throws(MacaroonError) -> Macaroon {
        guard caveats.count < Limit.caveats else { throw .tooManyCaveats }
        let added = Caveat(caveat)
        let attenuated = try Macaroon(
            encoding: encoding, location: location, identifier: identifier, caveats: caveats + [added],
            signature: added.signature(after: signature))
        return try attenuated.writable()
    }

    /// Itself, when its encoding can carry it and the text is within the limit.
    private func writable() throws(MacaroonError) -> Macaroon {
        if encoding == .satgate {
            guard isUTF8(identifier), caveats.allSatisfy({ isUTF8($0.identifier) }) else { throw .notText }
        }
        guard encoded().utf8.count <= Limit.token else { throw .tokenTooLong }
        return self
    }
}

extension Caveat {
    fileprivate var isWithinLimit: Bool {
        identifier.count <= Macaroon.Limit.caveat && thirdParty.map { $0.verification.count <= Macaroon.Limit.caveat } ?? true
    }

    /// The signature of the chain that this caveat ends.
    func signature(after signature: Digest) throws(MacaroonError) -> Digest {
        guard let own = HMACSHA256.code(of: identifier, under: signature) else { throw .cryptography }
        guard let thirdParty else { return own }
        guard let verification = HMACSHA256.code(of: thirdParty.verification, under: signature),
            let both = HMACSHA256.code(of: verification.bytes + own.bytes, under: signature)
        else { throw .cryptography }
        return both
    }
}
