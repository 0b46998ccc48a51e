import COpenSSL

/// 32 bytes made by SHA-256 or HMAC-SHA256.
package struct Digest: Sendable, Hashable {
    /// The bytes, in memory order.
    private var words: SIMD4<UInt64> = .zero

    /// Fills the 32 bytes; nil when `body` says that it failed.
    init?(filledBy body: (UnsafeMutablePointer<UInt8>) -> Bool) {
        let filled = withUnsafeMutableBytes(of: &words) { raw in
            raw.withMemoryRebound(to: UInt8.self) { $0.baseAddress.map(body) ?? false }
        }
        guard filled else { return nil }
    }

    /// Nil unless there are exactly 32 bytes.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: bytes) }
    }

    /// Nil unless the text is 64 lower-case hex digits.
    package init?(hex: some Collection<UInt8>) {
        guard hex.count == 64, let bytes = Hex.decode(hex) else { return nil }
        self.init(bytes)
    }

    package var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

    /// 64 lower-case hex digits.
    package var hex: String { String(decoding: Hex.encode(bytes), as: UTF8.self) }

    /// Lends the 32 bytes.
    package func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        Swift.withUnsafeBytes(of: words, body)
    }

    /// Equality that takes the same time wherever the bytes differ; for signatures and seals, where `==` would leak.
    package func matches(_ other: Digest) -> Bool {
        withUnsafeBytes { mine in other.withUnsafeBytes { CRYPTO_memcmp(mine.baseAddress, $0.baseAddress, 32) == 0 } }
    }

    /// One word is enough: the bytes are already uniform.
    package func hash(into hasher: inout Hasher) { hasher.combine(words[0]) }
}
