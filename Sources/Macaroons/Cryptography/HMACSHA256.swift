import COpenSSL
import Secrets

/// HMAC-SHA256 by libcrypto.
package enum HMACSHA256 {
    /// The code of `bytes` under `key`; nil when the key is empty or libcrypto fails.
    static func code(of bytes: UnsafeRawBufferPointer, under key: UnsafeRawBufferPointer) -> Digest? {
        // To libcrypto no key means "the one before".
        guard let start = key.baseAddress, key.count > 0, let context = ThreadContext.current else { return nil }
        let keyed = EVP_MAC_init(context.mac, start.assumingMemoryBound(to: UInt8.self), key.count, nil)
        guard keyed == 1 else { return nil }
        let data = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        guard bytes.count == 0 || EVP_MAC_update(context.mac, data, bytes.count) == 1 else { return nil }
        var length = 0
        let code = Digest { EVP_MAC_final(context.mac, $0, &length, 32) == 1 }
        return length == 32 ? code : nil
    }

    /// The code of `bytes` under a key that is itself a digest.
    package static func code(of bytes: [UInt8], under key: Digest) -> Digest? {
        key.withUnsafeBytes { key in bytes.withUnsafeBytes { code(of: $0, under: key) } }
    }

    /// The code of `bytes` under a secret.
    static func code(of bytes: [UInt8], under key: SecretBytes) -> Digest? {
        key.withUnsafeBytes { key in bytes.withUnsafeBytes { code(of: $0, under: key) } }
    }

    /// The code of `bytes` under `key`.
    static func code(of bytes: [UInt8], under key: [UInt8]) -> Digest? {
        key.withUnsafeBytes { key in bytes.withUnsafeBytes { code(of: $0, under: key) } }
    }
}
