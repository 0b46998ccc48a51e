import Governance

/// Names of other upstreams' tools in a definition: what could have a model use, or avoid, a tool that its author has no say in.
///
/// A name counts where it cannot be an ordinary word (it has a mark, a digit, or a capital within), or stands with its upstream's name.
struct ForeignNames {
    private let owners: [String: Set<UpstreamName>]
    private let upstreams: Set<UpstreamName>

    /// The names of these tools, by upstream.
    init(_ tools: [UpstreamName: [String]]) {
        var owners: [String: Set<UpstreamName>] = [:]
        for (upstream, names) in tools { for name in names { owners[name, default: []].insert(upstream) } }
        self.owners = owners
        upstreams = Set(tools.keys)
    }

    /// The first name in the JSON of a definition of `upstream` that is another's alone, as `upstream__name`; nil where there is none.
    func first(in definition: [UInt8], of upstream: UpstreamName) -> String? {
        for word in Self.words(of: definition) {
            if let found = foreign(word, to: upstream) { return found }
        }
        return nil
    }

    private func foreign(_ word: String, to upstream: UpstreamName) -> String? {
        for mark in ["__", ":"] {
            let parts = word.split(separator: mark, maxSplits: 1)
            guard parts.count == 2, let other = UpstreamName(parts[0]), other != upstream, upstreams.contains(other) else { continue }
            let name = String(parts[1])
            if owners[name]?.contains(other) == true { return "\(other)__\(name)" }
        }
        guard Self.isDistinct(word), let owners = owners[word], !owners.contains(upstream) else { return nil }
        return owners.map(\.text).min().map { "\($0)__\(word)" }
    }

    private static func isDistinct(_ word: String) -> Bool {
        let bytes = Array(word.utf8)
        return bytes.indices.contains { index in
            switch bytes[index] {
            case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): index > 0 && bytes[index - 1] >= UInt8(ascii: "a")
            default: false
            }
        }
    }

    /// Runs of what names are made of, with escapes read; what ends a sentence is no part of one.
    private static func words(of json: [UInt8]) -> [String] {
        var words: [String] = []
        var word: [UInt8] = []
        func end() {
            while let last = word.last, ".:/-".utf8.contains(last) { word.removeLast() }
            if !word.isEmpty { words.append(String(decoding: word, as: UTF8.self)) }
            word = []
        }
        var place = 0
        while place < json.count {
            let (byte, next) = character(at: place, in: json)
            if let byte, isOfName(byte) { word.append(byte) } else { end() }
            place = next
        }
        end()
        return words
    }

    /// The ASCII character there, of an escape what it stands for; nil for any other. And where the next one is.
    private static func character(at place: Int, in json: [UInt8]) -> (UInt8?, Int) {
        guard json[place] == UInt8(ascii: "\\"), place + 1 < json.count else { return (json[place], place + 1) }
        switch json[place + 1] {
        case UInt8(ascii: "/"): return (UInt8(ascii: "/"), place + 2)
        case UInt8(ascii: "u"):
            let digits = json[min(place + 2, json.count)..<min(place + 6, json.count)]
            return (UInt16(String(decoding: digits, as: UTF8.self), radix: 16).flatMap { UInt8(exactly: $0) }, place + 2 + digits.count)
        default: return (nil, place + 2)
        }
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "_-./:".utf8.contains(byte)
        }
    }
}
