import Store
import Testing

/// A mistake in a script, to see that its tests find it.
struct Mistake: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let right, wrong: String

    init(_ description: String, _ right: String, _ wrong: String) {
        testDescription = description
        self.right = right
        self.wrong = wrong
    }

    /// The scripts with the mistake in them, each changed further by `edit`; nil where the text to change is not there.
    func scripts(_ edit: (_ text: [UInt8]) -> [UInt8] = { $0 }) -> StoreScripts? {
        var count = 0
        let scripts = StoreScripts { source in
            let text = String(decoding: source, as: UTF8.self)
            count += text.contains(right) ? 1 : 0
            return edit(Array(text.replacing(right, with: wrong).utf8))
        }
        return count > 0 ? scripts : nil
    }
}
