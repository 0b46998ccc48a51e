/// The nodes, as an operator sees them.
package protocol NodeMonitor: Sendable {
    /// All that live now, in order of their ids.
    func nodes() async throws(StoreError) -> [ObservedNode]
    /// Leaves the node's facts for the others to see; they are forgotten a few seconds later.
    func tell(_ facts: NodeFacts, of node: NodeID) async throws(StoreError)
}

/// What a node says of itself.
package struct NodeFacts: Sendable, Hashable {
    /// The name of the machine, or of the pod.
    package let host: String
    /// Of the program.
    package let version: String
    /// Unix milliseconds.
    package let started: Int64
    /// Streams to agents that are open.
    package let streams: Int
    /// Requests of agents that are being answered.
    package let calls: Int
    /// Bytes of memory in use.
    package let memory: Int64

    package init(host: String, version: String, started: Int64, streams: Int, calls: Int, memory: Int64) {
        self.host = host
        self.version = version
        self.started = started
        self.streams = streams
        self.calls = calls
        self.memory = memory
    }
}

/// A node that lives.
package struct ObservedNode: Sendable, Hashable {
    package let id: NodeID
    /// Its last heartbeat, unix milliseconds.
    package let lastSeen: Int64
    /// Nil while it has said nothing of itself.
    package let facts: NodeFacts?

    package init(id: NodeID, lastSeen: Int64, facts: NodeFacts?) {
        self.id = id
        self.lastSeen = lastSeen
        self.facts = facts
    }
}
