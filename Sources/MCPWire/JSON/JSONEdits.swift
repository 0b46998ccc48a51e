/// Changes to a document, carried out in one copy; what they do not touch stays byte for byte.
struct JSONEdits {
    private var edits: [(range: Range<Int>, text: [UInt8])] = []

    /// Puts `text` in the place of what stands at `range`; an empty range inserts.
    mutating func replace(_ range: Range<Int>, with text: [UInt8]) {
        edits.append((range, text))
    }

    /// Takes the unwanted members out of `section`, each with exactly one comma; answers whether any member stays.
    @discardableResult
    mutating func removeMembers(
        of section: Section, in document: JSONDocument, where unwanted: (JSONMember) -> Bool
    ) -> Bool {
        var previousEnd = 0
        var front: Range<Int>?
        var keepsAny = false
        for member in document.members where member.section == section {
            if unwanted(member) {
                // Behind a kept member the comma before goes; in front of the first kept one the comma after.
                if keepsAny {
                    replace(previousEnd..<member.value.upperBound, with: [])
                } else {
                    front = (front?.lowerBound ?? member.start)..<member.value.upperBound
                }
            } else {
                if let front, !keepsAny { replace(front.lowerBound..<member.start, with: []) }
                keepsAny = true
            }
            previousEnd = member.value.upperBound
        }
        if let front, !keepsAny { replace(front, with: []) }
        return keepsAny
    }

    /// The copy of `bytes`' part at `whole` with the edits that lie in it.
    func applied(to bytes: [UInt8], in whole: Range<Int>) -> [UInt8] {
        // Most messages have one edit, which needs no order.
        let ordered =
            edits.count < 2
            ? edits : edits.sorted { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
        var out: [UInt8] = []
        out.reserveCapacity(ordered.reduce(whole.count) { $0 + $1.text.count })
        var copied = whole.lowerBound
        for edit in ordered where edit.range.lowerBound >= whole.lowerBound && edit.range.upperBound <= whole.upperBound {
            out.append(contentsOf: bytes[copied..<edit.range.lowerBound])
            out.append(contentsOf: edit.text)
            copied = edit.range.upperBound
        }
        out.append(contentsOf: bytes[copied..<whole.upperBound])
        return out
    }
}
