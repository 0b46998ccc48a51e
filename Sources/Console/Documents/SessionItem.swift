import Foundation
package import Governance

/// A session in a list.
package struct SessionItem: Encodable, Sendable {
    let session: String
    let tenant: String
    let token: String
    @OrNull var label: String?
    @OrNull var agent: String?
    @OrNull var agentVersion: String?
    @OrNull var era: String?
    let transport: String
    @OrNull var node: String?
    @OrNull var openedAt: String?
    let lastSeen: String
    let expiresAt: String
    let calls: Int64
    let credits: Decimal

    package init(_ observed: ObservedSession) {
        let session = observed.session
        self.session = session.id.text
        tenant = session.tenant.text
        token = session.principal.text
        label = session.label
        agent = observed.agent
        agentVersion = observed.agentVersion
        era = session.revision
        transport = session.transport.rawValue
        node = observed.node?.text
        openedAt = observed.opened?.instant
        lastSeen = observed.lastSeen.instant
        expiresAt = observed.expires.instant
        calls = observed.calls
        credits = observed.credits.decimal
    }
}
