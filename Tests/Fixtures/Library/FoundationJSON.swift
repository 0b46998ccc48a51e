import Foundation

/// Foundation's reading of JSON, to compare ours with.
package enum FoundationJSON {
    /// The value that these bytes are to Foundation, nil where they are no JSON to it.
    package static func value(of json: [UInt8]) -> Any? {
        try? JSONSerialization.jsonObject(with: Data(json), options: .fragmentsAllowed)
    }

    /// Whether Foundation takes these bytes, but for what it is stricter about than RFC 8259.
    package static func takes(_ json: [UInt8]) -> Bool { value(of: json) != nil || value(of: tamed(json)) != nil }

    /// What Foundation is stricter about than RFC 8259 made harmless: lone surrogate escapes, numbers out of range.
    private static func tamed(_ json: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        var isString = false
        var at = 0
        while at < json.count {
            let byte = json[at]
            if isString, byte == UInt8(ascii: "\\") {
                let isUnicode = json[at + 1] == UInt8(ascii: "u")
                out += isUnicode ? Array("\\u0041".utf8) : Array(json[at...at + 1])
                at += isUnicode ? 6 : 2
                continue
            }
            if byte == UInt8(ascii: "\"") { isString.toggle() }
            if !isString, byte == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
                out.append(UInt8(ascii: "0"))
                while at < json.count, "+-.eE0123456789".utf8.contains(json[at]) { at += 1 }
                continue
            }
            out.append(byte)
            at += 1
        }
        return out
    }
}
