import COpenSSL

/// SHA-256 by libcrypto.
package enum SHA256 {
    /// The digest of the bytes; nil only when libcrypto fails.
    package static func digest(of bytes: UnsafeRawBufferPointer) -> Digest? {
        guard let context = ThreadContext.current else { return nil }
        guard EVP_DigestInit_ex(context.digest, context.sha256, nil) == 1 else { return nil }
        guard EVP_DigestUpdate(context.digest, bytes.baseAddress, bytes.count) == 1 else { return nil }
        var length: UInt32 = 0
        let digest = Digest { EVP_DigestFinal_ex(context.digest, $0, &length) == 1 }
        return length == 32 ? digest : nil
    }

    /// The digest of the bytes; nil only when libcrypto fails.
    package static func digest(of bytes: [UInt8]) -> Digest? { bytes.withUnsafeBytes { digest(of: $0) } }
}
