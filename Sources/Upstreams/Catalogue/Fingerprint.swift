import COpenSSL

/// Short proofs that something is still the same.
package enum Fingerprint {
    /// The bytes' SHA-256, 64 lower-case hex digits.
    package static func sha256(of bytes: [UInt8]) -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        guard EVP_Digest(bytes, bytes.count, &digest, &length, EVP_sha256(), nil) == 1, length == 32 else {
            preconditionFailure("libcrypto has no SHA-256, without which nothing can be told from its change")
        }
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
