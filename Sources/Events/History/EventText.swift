import Glibc

/// Looks into the JSON of events without reading it.
package enum EventText {
    /// Whether the bytes stand in the text. The standard library's own search of a collection takes some thirty times as long.
    package static func has(_ wanted: [UInt8], in text: [UInt8]) -> Bool {
        text.withUnsafeBytes { text in
            wanted.withUnsafeBytes { wanted in
                guard let first = wanted.first, let pattern = wanted.baseAddress else { return false }
                var rest = text[...]
                while rest.count >= wanted.count, let start = UnsafeRawBufferPointer(rebasing: rest).baseAddress {
                    guard let found = memchr(start, Int32(first), rest.count - wanted.count + 1) else { return false }
                    if memcmp(found, pattern, wanted.count) == 0 { return true }
                    rest = rest.dropFirst(UnsafeRawPointer(found) - start + 1)
                }
                return false
            }
        }
    }
}
