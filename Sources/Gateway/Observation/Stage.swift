/// The stages of a request on its way through the node, in their order; of those that are no call only the first ones are passed.
enum Stage: Int, CaseIterable {
    case authenticate, session, read, route, reserve, forward, settle, answer

    /// As metrics and traces name it.
    var label: String { "\(self)" }
}
