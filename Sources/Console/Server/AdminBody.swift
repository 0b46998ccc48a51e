/// A body that the API takes: an object with these members and no others.
protocol AdminBody: Decodable {
    associatedtype CodingKeys: CodingKey & CaseIterable
}

/// Refuses members that the body does not have.
struct Strict<Value: AdminBody>: Decodable {
    let value: Value

    init(from decoder: any Decoder) throws {
        let known = Set(Value.CodingKeys.allCases.map(\.stringValue))
        let container = try decoder.container(keyedBy: AnyKey.self)
        guard container.allKeys.allSatisfy({ known.contains($0.stringValue) }) else {
            throw Problem.invalid("unknown field; known are \(known.sorted().joined(separator: ", "))")
        }
        value = try Value(from: decoder)
    }

    private struct AnyKey: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}
