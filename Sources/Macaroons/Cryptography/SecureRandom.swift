import COpenSSL

/// libcrypto's random bytes.
package enum SecureRandom {
    /// So many bytes nobody can predict; nil only when libcrypto fails.
    package static func bytes(_ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        let drawn = bytes.withUnsafeMutableBufferPointer { RAND_bytes($0.baseAddress, Int32($0.count)) }
        return drawn == 1 ? bytes : nil
    }
}
