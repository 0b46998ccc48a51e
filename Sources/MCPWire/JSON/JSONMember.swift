/// One recorded member: where its key (between the quotes) and its value stand.
struct JSONMember: Sendable {
    let section: Section
    /// What the key spells, escaped or not.
    let known: KnownKey
    /// The key holds escapes, so its bytes are not its text.
    let isEscaped: Bool
    // Half as wide as `Int`, which every text fits that a scan takes.
    private let keyStart, keyEnd: UInt32
    private var valueStart, valueEnd: UInt32

    /// The member whose value is not read yet; places are below `JSONScanner.longestText`.
    init(section: Section, known: KnownKey, isEscaped: Bool, key: Range<Int>) {
        self.section = section
        self.known = known
        self.isEscaped = isEscaped
        keyStart = UInt32(truncatingIfNeeded: key.lowerBound)
        keyEnd = UInt32(truncatingIfNeeded: key.upperBound)
        valueStart = keyEnd
        valueEnd = keyEnd
    }

    /// Where the key stands, between its quotes.
    var key: Range<Int> { Range(uncheckedBounds: (Int(keyStart), Int(keyEnd))) }

    /// Where the value stands.
    var value: Range<Int> {
        get { Range(uncheckedBounds: (Int(valueStart), Int(valueEnd))) }
        set {
            valueStart = UInt32(truncatingIfNeeded: newValue.lowerBound)
            valueEnd = UInt32(truncatingIfNeeded: newValue.upperBound)
        }
    }

    /// The same member of a text in which it stands that much later.
    func moved(by distance: Int) -> JSONMember {
        var moved = JSONMember(
            section: section, known: known, isEscaped: isEscaped, key: key.lowerBound + distance..<key.upperBound + distance)
        moved.value = value.lowerBound + distance..<value.upperBound + distance
        return moved
    }

    /// Where the key's opening quote stands.
    var start: Int { Int(keyStart) - 1 }
}
