/// One recorded member: where its key (between the quotes) and its value stand.
struct JSONMember: Sendable, Hashable {
    let section: Section
    /// The key holds escapes, so its bytes are not its text.
    let isEscaped: Bool
    let key: Range<Int>
    var value: Range<Int>

    /// Where the key's opening quote stands.
    var start: Int { key.lowerBound - 1 }
}
