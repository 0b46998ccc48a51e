import Glibc

extension ArraySlice<UInt8> {
    /// True where the bytes are the same. Compared as memory: the library's comparison of a slice and an array takes them one by one.
    func isSame(as other: [UInt8]) -> Bool {
        guard count == other.count else { return false }
        return withUnsafeBytes { mine in
            other.withUnsafeBytes { theirs in
                guard let one = mine.baseAddress, let two = theirs.baseAddress else { return true }
                return memcmp(one, two, mine.count) == 0
            }
        }
    }

    /// True where the bytes are those of the text.
    func isSame(as text: String) -> Bool {
        var text = text
        return withUnsafeBytes { mine in
            text.withUTF8 { theirs in
                guard mine.count == theirs.count else { return false }
                guard let one = mine.baseAddress, let two = theirs.baseAddress else { return true }
                return memcmp(one, two, mine.count) == 0
            }
        }
    }
}
