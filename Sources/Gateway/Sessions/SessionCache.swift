package import Governance
import MCPWire
import NIOCore
import Synchronization

/// The sessions this node served lately: filled from the directory on first use, dropped when the bus says so, at most 30 s old.
package final class SessionCache: Sendable {
    private struct Entry {
        let known: KnownSession
        let loaded: NIODeadline
        var touched: NIODeadline
    }

    /// A session that a request may use.
    struct Resumed {
        let known: KnownSession
        /// It was not prolonged lately.
        let needsRenewal: Bool
    }

    private let directory: any SessionDirectory
    private let entries = Mutex<[SessionID: Entry]>([:])
    private let maximumAge = TimeAmount.seconds(30)
    /// A request prolongs the session at the directory when the last one that did is older than this.
    private let touchInterval = TimeAmount.seconds(10)
    /// The same for presences, which live for five minutes.
    private let presenceInterval = TimeAmount.seconds(60)
    private let capacity = 50_000

    package init(_ directory: any SessionDirectory) { self.directory = directory }

    /// How many there are.
    var count: Int { entries.withLock { $0.count } }

    /// Writes a new session; false where its principal has too many.
    @discardableResult
    func open(_ session: Session) async throws(StoreError) -> Bool {
        guard try await directory.open(session) else { return false }
        keep(session)
        return true
    }

    /// How the presence of an agent without a session stands.
    enum Presence {
        case known, new
        /// Its principal has too many sessions for one more.
        case tooMany
    }

    /// The session for a request with this grant: nil when unknown, ended, of another tenant or of another principal.
    /// `proven`: the caller has it proved, and prolonged where `needsRenewal`, by other means (the ledger's reserve).
    func resume(_ id: SessionID, for grant: Grant, proven: Bool) async throws(StoreError) -> Resumed? {
        switch remembered(id, for: grant, proven: proven) {
        case .usable(let resumed): resumed
        case .foreign: nil
        case .unsure: try await load(id, for: grant)
        }
    }

    /// What the node knows of a session that a request names.
    private enum Memory {
        case usable(Resumed)
        /// It is another's.
        case foreign
        /// The directory is to be asked.
        case unsure
    }

    private func remembered(_ id: SessionID, for grant: Grant, proven: Bool) -> Memory {
        let now = NIODeadline.now()
        guard let entry = entries.withLock({ $0[id] }), now - entry.loaded < maximumAge, entry.known.isAgreed else { return .unsure }
        guard entry.known.isOpened(by: grant) else { return .foreign }
        if now - entry.touched < touchInterval { return .usable(Resumed(known: entry.known, needsRenewal: false)) }
        guard proven else { return .unsure }
        entries.withLock { $0[id]?.touched = now }
        return .usable(Resumed(known: entry.known, needsRenewal: true))
    }

    @inline(never)  // keeps a rare way out of the frame of the usual one
    private func load(_ id: SessionID, for grant: Grant) async throws(StoreError) -> Resumed? {
        guard let session = try await directory.find(id, of: grant.tenant), session.principal == grant.token else { return nil }
        guard try await directory.touch(id, of: grant.tenant, transport: session.transport) else { return nil }
        return Resumed(known: keep(session), needsRenewal: false)
    }

    /// What stands for the token in that session; nil where the agent has to show it each time.
    func pass(of id: SessionID, in tenant: TenantName) async throws(StoreError) -> StreamPass? {
        if let entry = entries.withLock({ $0[id] }), NIODeadline.now() - entry.loaded < maximumAge {
            return entry.known.session.tenant == tenant ? entry.known.session.pass : nil
        }
        return try await directory.find(id, of: tenant)?.pass
    }

    /// The session, whoever's it is: to tell its agent something.
    func known(_ id: SessionID, of tenant: TenantName) async throws(StoreError) -> Session? {
        if let entry = entries.withLock({ $0[id] }), NIODeadline.now() - entry.loaded < maximumAge, entry.known.session.tenant == tenant {
            return entry.known.session
        }
        return try await directory.find(id, of: tenant)
    }

    /// Whether it was noted lately that the agent of the presence is here.
    func isPresent(_ id: SessionID) -> Bool {
        guard let touched = entries.withLock({ $0[id]?.touched }) else { return false }
        return NIODeadline.now() - touched < presenceInterval
    }

    /// Notes that the agent of a presence is here, where that was not done lately.
    func appear(_ presence: Session) async throws(StoreError) -> Presence {
        isPresent(presence.id) ? .known : try await prolong(presence)
    }

    /// Lets a presence live on from now.
    func prolong(_ presence: Session) async throws(StoreError) -> Presence {
        let isKnown = try await touch(presence)
        if !isKnown, try await !directory.open(presence) { return .tooMany }
        keep(presence)
        return isKnown ? .known : .new
    }

    /// Records what `initialize` agreed on.
    func update(_ session: Session) async throws(StoreError) -> Bool {
        guard try await directory.update(session) else { return false }
        keep(session)
        return true
    }

    /// Lets the session live on; false when it is gone.
    func touch(_ session: Session) async throws(StoreError) -> Bool {
        try await directory.touch(session.id, of: session.tenant, transport: session.transport)
    }

    /// Makes this node the holder of the session's stream, see `SessionDirectory`.
    func takeStream(of session: Session, for node: NodeID) async throws(StoreError) -> Int64? {
        try await directory.takeStream(of: session.id, of: session.tenant, for: node)
    }

    /// Lets the session live on while its stream is held under that fence.
    func keepStream(of session: Session, fence: Int64) async throws(StoreError) -> StreamStanding {
        try await directory.keepStream(of: session.id, of: session.tenant, fence: fence)
    }

    /// Ends the session on all nodes.
    func close(_ session: Session) async throws(StoreError) -> Bool {
        drop(session.id)
        return try await directory.close(session.id, of: session.tenant)
    }

    /// Notes that this node answers a request of a session whose stream another holds; false where it is gone.
    func begin(_ request: CallID, in session: Session, at node: NodeID) async throws(StoreError) -> Bool {
        try await directory.begin(request, in: session.id, of: session.tenant, at: node)
    }

    /// It is answered.
    func end(_ request: CallID, in session: Session, at node: NodeID) async throws(StoreError) {
        try await directory.end(request, in: session.id, of: session.tenant, at: node)
    }

    /// Ends the session on all nodes, unless some answer requests of it, which are told.
    func part(_ id: SessionID, of tenant: TenantName) async throws(StoreError) -> Set<NodeID> {
        try await directory.part(id, of: tenant)
    }

    /// Ends the session on all nodes.
    func close(_ id: SessionID, of tenant: TenantName) async throws(StoreError) -> Bool { try await directory.close(id, of: tenant) }

    /// Forgets the session here.
    func drop(_ id: SessionID) {
        _ = entries.withLock { $0.removeValue(forKey: id) }
    }

    /// Forgets all sessions here.
    func dropAll() { entries.withLock { $0.removeAll() } }

    @discardableResult
    private func keep(_ session: Session) -> KnownSession {
        let now = NIODeadline.now()
        // What a presence says of itself, each of its requests says.
        let known = KnownSession(session, profile: session.transport == .stateless ? nil : session.profile)
        entries.withLock { entries in
            if entries.count >= capacity { entries.removeAll(keepingCapacity: true) }
            entries[session.id] = Entry(known: known, loaded: now, touched: now)
        }
        return known
    }
}

extension Session {
    /// Takes in what the client says of itself.
    mutating func describe(_ profile: ClientProfile) {
        clientInfo = profile.info.map { String(decoding: $0, as: UTF8.self) }
        capabilities = String(decoding: profile.capabilities, as: UTF8.self)
    }

    /// What the client says of itself; nil before it has.
    var profile: ClientProfile? {
        capabilities.flatMap { ClientProfile(info: clientInfo.map { Array($0.utf8) }, capabilities: Array($0.utf8)) }
    }
}

extension ClientProfile {
    /// What is wrong with one that is refused.
    static let rule = "what a client says of itself and of its capabilities must be objects, of at most \(limit) bytes"
}
