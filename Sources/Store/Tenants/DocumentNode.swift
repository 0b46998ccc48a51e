import Governance

/// A value of a stored document that knows where it stands and gives only what is asked for, or an error that names the place.
struct DocumentNode {
    let value: DocumentValue
    /// The keys that lead here.
    let path: String

    func error(_ reason: String) -> StoreError { .corrupt("tenant document: \(path.isEmpty ? "" : "\(path): ")\(reason)") }

    func text() throws(StoreError) -> String {
        guard case .text(let text) = value else { throw error("not a text") }
        return text
    }

    func flag() throws(StoreError) -> Bool {
        guard case .flag(let flag) = value else { throw error("neither true nor false") }
        return flag
    }

    func credits() throws(StoreError) -> Credits {
        guard case .number(let number) = value, let credits = Credits(decimal: number) else { throw error("not an amount") }
        return credits
    }

    func count() throws(StoreError) -> Int {
        guard case .number(let number) = value, let count = Int(number) else { throw error("not a whole number") }
        return count
    }

    func count(in range: ClosedRange<Int>) throws(StoreError) -> Int {
        let count = try count()
        guard range.contains(count) else { throw error("not from \(range.lowerBound) to \(range.upperBound)") }
        return count
    }

    /// What `read` makes of the text.
    func parsed<Value>(_ read: (String) -> Value?) throws(StoreError) -> Value {
        guard let value = read(try text()) else { throw error("not what it must be") }
        return value
    }

    func template() throws(StoreError) -> Template { try parsed { Template($0) } }

    func elements() throws(StoreError) -> [DocumentNode] {
        guard case .list(let elements) = value else { throw error("not a list") }
        return elements.enumerated().map { DocumentNode(value: $1, path: "\(path)[\($0)]") }
    }

    /// The members, whatever their keys.
    func members() throws(StoreError) -> [(key: String, node: DocumentNode)] {
        guard case .object = value else { throw error("not an object") }
        return value.members.map { ($0.key, DocumentNode(value: $0.value, path: path.isEmpty ? $0.key : "\(path).\($0.key)")) }
    }

    /// The members, to be taken one by one.
    func fields() throws(StoreError) -> DocumentFields {
        DocumentFields(node: self, rest: Dictionary(try members().map { ($0.key, $0.node) }) { first, _ in first })
    }
}

/// The members of an object of which each is taken by its key; what is left over is unknown.
struct DocumentFields {
    fileprivate let node: DocumentNode
    fileprivate var rest: [String: DocumentNode]

    mutating func take(_ key: String) -> DocumentNode? { rest.removeValue(forKey: key) }

    mutating func need(_ key: String) throws(StoreError) -> DocumentNode {
        guard let value = take(key) else { throw node.error("\(key): missing") }
        return value
    }

    /// Refuses what was not taken.
    func end() throws(StoreError) {
        if let unknown = rest.min(by: { $0.key < $1.key }) { throw unknown.value.error("unknown field") }
    }
}
