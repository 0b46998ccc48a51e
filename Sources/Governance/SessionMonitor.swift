/// The sessions of agents, as an operator sees and ends them.
package protocol SessionMonitor: Sendable {
    /// A page of the tenant's sessions behind `cursor` (nil: from the beginning).
    func list(
        of tenant: TenantName, in order: SessionOrder, after cursor: SessionCursor?, limit: Int
    ) async throws(StoreError) -> SessionPage
    /// Ends the session on all nodes and tells of it; false where it was gone already.
    func close(_ id: SessionID, of tenant: TenantName, by operator: String) async throws(StoreError) -> Bool
}

/// In which order sessions are listed.
package enum SessionOrder: String, Sendable, CaseIterable {
    /// Those first that would live longest; one that is used meanwhile may be missing on later pages.
    case recent
    /// Those first that would end soonest; one that is used meanwhile may come again, none is missing.
    case expiry
}

/// A session that a listing goes on behind.
package struct SessionCursor: Sendable, Hashable {
    /// When it would have ended, unix milliseconds.
    package let expires: Int64
    package let id: SessionID

    package init(expires: Int64, id: SessionID) {
        self.expires = expires
        self.id = id
    }

    /// `<unix milliseconds>-<session id>`.
    package var text: String { "\(expires)-\(id)" }

    /// Reads `text` back; nil where it is none.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let expires = Int64(parts[0]), expires >= 0, let id = SessionID(parts[1]) else { return nil }
        self.init(expires: expires, id: id)
    }
}

/// A part of a tenant's sessions.
package struct SessionPage: Sendable, Equatable {
    package let sessions: [ObservedSession]
    /// Nil at the end.
    package let next: SessionCursor?

    package init(sessions: [ObservedSession], next: SessionCursor?) {
        self.sessions = sessions
        self.next = next
    }
}

/// A session with what is counted of it.
package struct ObservedSession: Sendable, Equatable {
    package let session: Session
    /// What the agent calls itself, and its version, as far as it says so.
    package let agent: String?
    package let agentVersion: String?
    /// The node that served it last.
    package let node: NodeID?
    /// Unix milliseconds; nil where it is not known.
    package let opened: Int64?
    /// Unix milliseconds at which it ends unless it is used.
    package let expires: Int64
    package let calls: Int64
    package let credits: Credits

    package init(
        session: Session, agent: String?, agentVersion: String?, node: NodeID?, opened: Int64?, expires: Int64, calls: Int64,
        credits: Credits
    ) {
        self.session = session
        self.agent = agent
        self.agentVersion = agentVersion
        self.node = node
        self.opened = opened
        self.expires = expires
        self.calls = calls
        self.credits = credits
    }

    /// When it was last used, as far as that prolonged it; unix milliseconds.
    package var lastSeen: Int64 { expires - session.transport.lifetime }
}
