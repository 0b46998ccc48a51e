/// Where the values of known fields stand in a head.
struct FieldPlaces: Sendable {
    private struct Place: Sendable {
        var start: UInt32 = 0
        var end: UInt32 = 0
    }

    private var places = InlineArray<14, Place>(repeating: Place())
    private var given: UInt32 = 0
    private var givenAgain: UInt32 = 0

    /// Takes down one more; the first of each name is kept. Places are those of a head, which are small.
    mutating func note(_ field: KnownField, at value: Range<Int>) {
        let bit = UInt32(1) << UInt32(field.rawValue)
        guard given & bit == 0 else { return givenAgain |= bit }
        given |= bit
        places[Int(field.rawValue - KnownField.firstKept)] = Place(
            start: UInt32(truncatingIfNeeded: value.lowerBound), end: UInt32(truncatingIfNeeded: value.upperBound))
    }

    /// Where the value of the first field of that name stands; nil where there is none, or its place is not kept.
    subscript(_ field: KnownField) -> Range<Int>? {
        guard given >> UInt32(field.rawValue) & 1 == 1 else { return nil }
        let place = places[Int(field.rawValue - KnownField.firstKept)]
        return Range(uncheckedBounds: (Int(place.start), Int(place.end)))
    }

    /// True where there is more than one field of some name.
    var hasRepeated: Bool { givenAgain != 0 }

    /// True where there is more than one field of that name.
    func isRepeated(_ field: KnownField) -> Bool { givenAgain >> UInt32(field.rawValue) & 1 == 1 }
}
