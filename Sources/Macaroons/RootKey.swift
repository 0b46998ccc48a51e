import Secrets

/// The secret under which an issuer's tokens are signed. It prints as nothing.
package struct RootKey: Sendable {
    private let bytes: SecretBytes
    /// The key that the libmacaroons encodings sign with, so that no one signs with the secret itself.
    private let derived: SecretBytes

    /// Any bytes but none.
    package init(bytes: [UInt8]) throws(MacaroonError) {
        guard !bytes.isEmpty else { throw .emptyKey }
        guard let derived = HMACSHA256.code(of: bytes, under: Array("macaroons-key-generator".utf8)) else { throw .cryptography }
        self.bytes = SecretBytes(bytes)
        self.derived = derived.withUnsafeBytes { SecretBytes($0) }
    }

    /// SatGate's way: the key is SHA-256 of a text.
    package init(secret: String) throws(MacaroonError) {
        guard !secret.isEmpty else { throw .emptyKey }
        guard let digest = SHA256.digest(of: Array(secret.utf8)) else { throw .cryptography }
        try self.init(bytes: digest.bytes)
    }

    /// A key that no token was ever signed under.
    package static func random() throws(MacaroonError) -> RootKey {
        guard var bytes = SecureRandom.bytes(32) else { throw .cryptography }
        defer { bytes.withUnsafeMutableBytes { SecretBytes.overwrite($0) } }
        return try RootKey(bytes: bytes)
    }

    /// HMAC-SHA256 of a message under the key itself: what SatGate signs and seals with.
    package func code(of message: [UInt8]) throws(MacaroonError) -> Digest {
        guard let code = HMACSHA256.code(of: message, under: bytes) else { throw .cryptography }
        return code
    }

    /// The same for the same secret, and of no use to find it; for comparing keys.
    package func fingerprint() throws(MacaroonError) -> Digest { try code(of: Array("satgate/fingerprint/v1".utf8)) }

    /// The first signature of a chain.
    func signature(of identifier: [UInt8], encoding: Macaroon.Encoding) throws(MacaroonError) -> Digest {
        guard encoding != .satgate else { return try code(of: identifier) }
        guard let code = HMACSHA256.code(of: identifier, under: derived) else { throw .cryptography }
        return code
    }
}

extension RootKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "a root key" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
