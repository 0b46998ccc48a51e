extension Macaroon {
    /// SHA-256(identifier ‖ signature), 64 hex digits: the token's id. Claimed, not proved, before `verify`.
    package func id() throws(MacaroonError) -> Digest { try id(of: signature) }

    /// The id of the prefix of the chain that ends in this signature.
    func id(of prefix: Digest) throws(MacaroonError) -> Digest {
        guard let id = SHA256.digest(of: identifier + prefix.bytes) else { throw .cryptography }
        return id
    }

    /// SatGate's TokenID: 12 hex digits of SHA-256(identifier ‖ signature in hex). For display; too short to decide anything by.
    package func satgateID() throws(MacaroonError) -> String {
        guard let digest = SHA256.digest(of: identifier + Hex.encode(signature.bytes)) else { throw .cryptography }
        return String(digest.hex.prefix(12))
    }
}
