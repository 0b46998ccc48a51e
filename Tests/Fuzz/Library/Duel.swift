/// Two readings of the same bytes: ours must never take for a message what NIO does not take for the same one.
package struct Duel {
    let ours: Reading
    let theirs: Reading

    package init(ours: Reading, theirs: Reading) {
        self.ours = ours
        self.theirs = theirs
    }

    /// What ours took otherwise than NIO did; nil where it took nothing but what NIO took.
    package var quarrel: String? {
        for (index, message) in ours.messages.enumerated() {
            guard index < theirs.messages.count else { return "message \(index) is none for NIO (\(theirs.failure ?? "which waits"))" }
            if let difference = Self.difference(message, theirs.messages[index]) { return "message \(index): \(difference)" }
        }
        return nil
    }

    /// NIO took a message that ours did not take, or not whole.
    package var isOursStricter: Bool {
        ours.failure != nil && theirs.messages.filter(\.isWhole).count > ours.messages.filter(\.isWhole).count
    }

    /// To close is never wrong, so that a connection that only ours gives up is none.
    private static func difference(_ ours: Reading.Message, _ theirs: Reading.Message) -> String? {
        if ours.start != theirs.start { return "starts with \(ours.start), not \(theirs.start)" }
        if ours.fields != theirs.fields { return "has the fields \(ours.lines), not \(theirs.lines)" }
        if ours.keepsAlive, !theirs.keepsAlive { return "keeps the connection" }
        if ours.isWhole {
            if !theirs.isWhole { return "is whole" }
            return ours.body == theirs.body ? nil : "has the body \(ours.body), not \(theirs.body)"
        }
        // Of a message that has not ended, only what both were told can be compared.
        let common = min(ours.body.count, theirs.body.count)
        return ours.body[..<common] == theirs.body[..<common] ? nil : "has the body \(ours.body) so far, not \(theirs.body)"
    }
}
