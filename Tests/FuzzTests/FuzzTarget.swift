import HTTPFuzz
import Testing

/// A reader of foreign bytes, and what must hold whatever bytes it is given.
struct FuzzTarget: Sendable, CustomTestStringConvertible {
    /// What `make fuzz TARGET=` calls it.
    let name: String
    /// Bytes that lead far into the reader; those on which something was found stay among them.
    let seeds: [[UInt8]]
    /// What means something to the reader, to be put in by mutations.
    let words: [[UInt8]]
    /// What is wrong with how bytes were read; nil where nothing is. The same for the same bytes.
    let flaw: @Sendable (_ bytes: [UInt8]) -> String?

    var testDescription: String { name }

    static let all: [FuzzTarget] = [.token, .replies, .json, .events, .head, .tenant, .frames]

    init(_ name: String, seeds: [[UInt8]], words: [String], flaw: @escaping @Sendable ([UInt8]) -> String?) {
        self.name = name
        self.seeds = seeds
        self.words = words.map { Array($0.utf8) }
        self.flaw = flaw
    }

    /// The bytes in pieces, cut where the bytes themselves decide.
    static func pieces(of bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        let hash = bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        var dice = Seeded(hash)
        return Mutation.cut(bytes, &dice)
    }
}

extension [UInt8] {
    /// The bytes of a text.
    init(of text: String) { self = Array(text.utf8) }
}
