/// Changes to a document, carried out in one copy; what they do not touch stays byte for byte.
struct JSONEdits {
    /// What is put in the place of a range, as a part of `texts`.
    private struct Edit {
        let range: Range<Int>
        let text: Range<Int>

        func stands(before other: Edit) -> Bool {
            range.lowerBound < other.range.lowerBound
                || range.lowerBound == other.range.lowerBound && range.upperBound < other.range.upperBound
        }
    }

    /// In the order of the document.
    private var edits: [Edit] = []
    /// The new texts of all edits.
    private var texts: [UInt8] = []
    /// Bytes that most documents' texts have together, and how many there are.
    private static let usual = (bytes: 192, count: 6)

    /// Puts `text` in the place of what stands at `range`; an empty range inserts.
    mutating func replace(_ range: Range<Int>, with text: [UInt8]) {
        replace(range) { $0.append(contentsOf: text) }
    }

    /// Puts the number in the place of what stands at `range`.
    mutating func replace(_ range: Range<Int>, with number: Int) {
        replace(range) { JSONText.append(integer: number, to: &$0) }
    }

    /// Puts what `write` appends in the place of what stands at `range`; an empty range inserts.
    mutating func replace(_ range: Range<Int>, _ write: (inout [UInt8]) -> Void) {
        if edits.isEmpty {
            texts.reserveCapacity(Self.usual.bytes)
            edits.reserveCapacity(Self.usual.count)
        }
        let start = texts.count
        write(&texts)
        edits.append(Edit(range: range, text: start..<texts.count))
        var place = edits.count - 1
        while place > 0, edits[place].stands(before: edits[place - 1]) {
            edits.swapAt(place, place - 1)
            place -= 1
        }
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
        var out: [UInt8] = []
        out.reserveCapacity(whole.count + texts.count)
        bytes.withUnsafeBufferPointer { bytes in
            texts.withUnsafeBufferPointer { texts in
                var copied = whole.lowerBound
                for edit in edits where edit.range.lowerBound >= whole.lowerBound && edit.range.upperBound <= whole.upperBound {
                    out.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[copied..<edit.range.lowerBound]))
                    out.append(contentsOf: UnsafeBufferPointer(rebasing: texts[edit.text]))
                    copied = edit.range.upperBound
                }
                out.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[copied..<whole.upperBound]))
            }
        }
        return out
    }
}
