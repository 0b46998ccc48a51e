import ArgumentParser
import Governance
import Store

/// `satgate sessions close`: ends a session on all nodes.
struct SessionsCloseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "close", abstract: "End a session on all nodes; its agent is told to begin anew.",
        discussion: "What its token may do does not change: to keep an agent out, revoke its token.")

    @Argument(help: "The session's id.")
    var session: String
    @Option(help: "The tenant's name.")
    var tenant: String
    @Flag(help: "Print JSON.")
    var json = false
    @OptionGroup var store: StoreOptions

    func validate() throws {
        _ = try tenantName(tenant)
        _ = try id()
    }

    func run() async throws {
        let (id, tenant) = (try id(), try tenantName(tenant))
        try await store.connected { connection in
            guard try await connection.sessions.close(id, of: tenant, by: Operator.name) else {
                throw SessionFailure(description: "no such session: \(id) of \(tenant)")
            }
            let told = DocumentValue.object(["session": .text(id.text), "tenant": .text(tenant.text), "outcome": .text("closed")])
            print(json ? told.json : "\(id) closed")
        }
    }

    private func id() throws -> SessionID {
        guard let id = SessionID(session) else { throw ValidationError("not a session's id: 32 lower-case hex digits") }
        return id
    }

    /// Why it was not done.
    private struct SessionFailure: Error, CustomStringConvertible {
        let description: String
    }
}
