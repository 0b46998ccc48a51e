import Macaroons
import Testing

/// SplitMix64: the same mutations on every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

@Suite struct MutationTests {
    @Test("no mutated token traps, and none is authorized unless only its unsigned location changed", arguments: everyEncoding)
    func mutated(_ encoding: Macaroon.Encoding) throws {
        let original = try token(encoding, ["tenant_id = acme", "expires = 4102444800000", "scope = search,files:*", "budget_limit = 5"])
        let root = try key()
        var random = SeededGenerator(seed: 0x5A76)
        var read = 0
        for _ in 0..<6000 {
            guard let macaroon = try? Macaroon(decoding: mutate(original, using: &random)) else { continue }
            read += 1
            #expect(throws: Never.self) { try Macaroon(decoding: macaroon.encoded()) }
            guard macaroon.verify(rootKey: root) != nil else { continue }
            #expect(macaroon.identifier == original.identifier)
            #expect(macaroon.caveats == original.caveats)
            #expect(macaroon.signature == original.signature)
        }
        #expect(read > 100, "the mutations should not all die in the reader")
    }

    /// One to three changes, in the text or beneath its base64.
    private func mutate(_ macaroon: Macaroon, using random: inout SeededGenerator) throws -> String {
        let beneath = macaroon.encoding != .v2JSON && Bool.random(using: &random)
        var bytes = beneath ? try #require(base64Decoded(macaroon.encoded())) : utf8(macaroon.encoded())
        for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty { change(&bytes, using: &random) }
        return beneath ? base64URL(bytes) : String(decoding: bytes, as: UTF8.self)
    }

    private func change(_ bytes: inout [UInt8], using random: inout SeededGenerator) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        let other = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<7, using: &random) {
        case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 2: bytes.remove(at: place)
        case 3: bytes.insert(bytes[other], at: place)
        case 4: bytes.swapAt(place, other)
        case 5: bytes.removeSubrange(min(place, other)..<max(place, other))
        default: bytes.insert(contentsOf: bytes[min(place, other)..<max(place, other)], at: place)
        }
    }
}
