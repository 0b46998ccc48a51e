import HTTPFuzz

/// Changes bytes without knowing what they mean.
struct Havoc {
    /// What is put in now and then.
    let words: [[UInt8]]
    /// What parts are borrowed from.
    let seeds: [[UInt8]]

    /// A seed with one to six changes.
    func bytes(_ dice: inout Seeded) -> [UInt8] {
        var bytes = seeds.randomElement(using: &dice) ?? []
        for _ in 0..<Int.random(in: 1...6, using: &dice) { change(&bytes, &dice) }
        return bytes
    }

    private func change(_ bytes: inout [UInt8], _ dice: inout Seeded) {
        let place = Int.random(in: 0...bytes.count, using: &dice)
        let end = min(bytes.count, place + Int.random(in: 0..<24, using: &dice))
        switch Int.random(in: 0..<9, using: &dice) {
        case 0 where place < bytes.count: bytes[place] = UInt8.random(in: 0...255, using: &dice)
        case 1 where place < bytes.count: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &dice)
        case 2: bytes.removeSubrange(place..<end)
        case 3: bytes.insert(contentsOf: Array(bytes[place..<end]), at: place)
        case 4: bytes.insert(contentsOf: words.randomElement(using: &dice) ?? [], at: place)
        case 5: bytes.replaceSubrange(place..<end, with: words.randomElement(using: &dice) ?? [])
        case 6: bytes.insert(contentsOf: part(&dice), at: place)
        case 7: bytes.insert(contentsOf: Array(bytes[place..<end].reversed()), at: Int.random(in: 0...bytes.count, using: &dice))
        case 8 where Int.random(in: 0..<4, using: &dice) == 0: bytes.removeSubrange(place...)
        default: break
        }
    }

    /// A part of another seed.
    private func part(_ dice: inout Seeded) -> [UInt8] {
        let seed = seeds.randomElement(using: &dice) ?? []
        let start = Int.random(in: 0...seed.count, using: &dice)
        return Array(seed[start..<min(seed.count, start + Int.random(in: 0..<64, using: &dice))])
    }
}
