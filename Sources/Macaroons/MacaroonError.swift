/// Why a token could not be read or made.
package enum MacaroonError: Error, Sendable, Hashable {
    /// More than 8 KiB of text.
    case tokenTooLong
    /// More than 64 caveats.
    case tooManyCaveats
    /// More than 1 KiB.
    case caveatTooLong
    /// The text is no macaroon of any encoding; the reason is a constant of ours and quotes nothing of it.
    case malformed(String)
    /// A JSON encoding was asked to carry what is not UTF-8, or SatGate's what it has no place for.
    case notText
    /// A root key without a byte in it.
    case emptyKey
    /// libcrypto failed.
    case cryptography
}
