import Glibc
import Synchronization

/// Random bits of the system's CSPRNG, fetched for sixteen ids at once: each call needs one, and a system call for each would be felt.
enum RandomBits {
    private static let pool = Mutex<[UInt64]>([])

    /// 128 bits that nobody else has had.
    static func pair() -> (UInt64, UInt64) {
        pool.withLock { pool in
            if pool.count < 2 { pool = fetch() }
            return (pool.removeLast(), pool.removeLast())
        }
    }

    /// 32 words, the most that getentropy gives at once.
    private static func fetch() -> [UInt64] {
        var words = [UInt64](repeating: 0, count: 32)
        let status = words.withUnsafeMutableBytes { getentropy($0.baseAddress, $0.count) }
        guard status != 0 else { return words }
        var random = SystemRandomNumberGenerator()
        return words.map { _ in random.next() }
    }
}
