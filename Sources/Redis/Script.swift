import COpenSSL

/// A Lua script with the name by which Redis knows its text.
package final class Script: Sendable {
    /// Names it in our own errors and logs.
    package let name: String
    package let source: [UInt8]
    /// SHA-1 of the source, 40 hex digits. Empty where libcrypto refuses SHA-1: Redis then knows no such script, and is sent the source.
    package let sha1: String
    /// What a call of it by its digest begins with, behind the count of its parts.
    let callByDigest: [UInt8]

    package init(name: String, source: [UInt8]) {
        self.name = name
        self.source = source
        sha1 = Self.digest(source)
        callByDigest = Array("$7\r\nEVALSHA\r\n$\(sha1.utf8.count)\r\n\(sha1)\r\n".utf8)
    }

    private static func digest(_ source: [UInt8]) -> String {
        var bytes = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        guard EVP_Digest(source, source.count, &bytes, &count, EVP_sha1(), nil) == 1, count == 20 else { return "" }
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.prefix(20).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
