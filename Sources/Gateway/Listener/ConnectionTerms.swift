import NIOCore

/// The limits of the port as its connections use them, which share it.
final class ConnectionTerms: Sendable {
    let limits: ListenerLimits
    /// A connection begins with a TLS handshake.
    let isSecure: Bool
    /// Steps of `Alarms`.
    private let head, body, idle, stall: Int64
    /// An alarm is set for no longer, so that none has to be cancelled for a deadline that begins while it is set.
    let mostAhead: Int64
    /// How long an agent that is still sending has to take a refusal before the connection is cut: closing at once would discard it.
    private static let lingering = TimeAmount.seconds(2)

    init(_ limits: ListenerLimits, isSecure: Bool) {
        self.limits = limits
        self.isSecure = isSecure
        head = Alarms.steps(limits.headTime)
        body = Alarms.steps(limits.bodyTime)
        idle = Alarms.steps(limits.idleTime)
        stall = Alarms.steps(limits.stallTime)
        mostAhead = min(head, body, idle, stall)
    }

    /// How long it may take, in steps of `Alarms`; nil: for ever.
    func steps(of wait: ConnectionWait) -> Int64? {
        switch wait {
        case .nothing: nil
        case .handshake, .head: head
        case .body: body
        case .request: idle
        case .reader: stall
        case .farewell: Alarms.steps(Self.lingering)
        }
    }

    /// What a body is given besides, in steps of `Alarms`, when so many bytes of it have come.
    func steps(forBytes count: Int) -> Int64 { Alarms.steps(.seconds(Int64(count / ListenerLimits.bodyRate))) }
}
