package import Governance

/// What two nodes say to each other about a call that one of them has and its agent goes on with at the other. Each relay has an id of its
/// own, made by the node that the agent asks.
package struct RelayMessage: Sendable, Hashable {
    package let relay: CallID
    package let content: Content

    package enum Content: Sendable, Hashable {
        /// To the call's node: the agent's input for a round; the object of its responses, or nothing.
        case resume(from: NodeID, CallID, round: Int, [UInt8])
        /// To the call's node: nothing was heard for a while.
        case poll(from: NodeID)
        /// To the call's node: the agent has gone.
        case abandon
        /// To the agent's node, ahead of what ends the round.
        case ahead([UInt8])
        /// To the agent's node: what ends the round, with its HTTP status.
        case last(status: Int, [UInt8])
        /// To the agent's node: the call goes on.
        case alive
        /// To the agent's node: no such relay was heard of.
        case unknown
        /// To the agent's node: the round cannot be taken.
        case refused(Taking)
    }

    package init(_ relay: CallID, _ content: Content) {
        self.relay = relay
        self.content = content
    }
}
