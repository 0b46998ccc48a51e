/// The bounds of a message's head.
package struct HTTPLimits: Sendable {
    /// Bytes of the start line and the header fields together, and of the trailer fields.
    package var head: Int
    /// Bytes of a request's target.
    package var target: Int
    /// Header fields, and trailer fields.
    package var fields: Int

    package init(head: Int = 64 << 10, target: Int = 8 << 10, fields: Int = 256) {
        self.head = head
        self.target = target
        self.fields = fields
    }
}
