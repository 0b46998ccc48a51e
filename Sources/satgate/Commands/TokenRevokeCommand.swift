import ArgumentParser
import Foundation
import Gateway
import Governance
import Store

/// `satgate token revoke`: ends a token, and all that is made of it, on every node.
struct TokenRevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Revoke a token with all that was made of it, at once and on every node.",
        discussion: "What the token itself was made of goes on.")

    @Option(help: "The token; - reads it from standard input, which keeps it out of the list of processes.")
    var token: String?

    @Option(help: "The id of a token or of what it was made of, 64 hex digits, instead of the token.")
    var id: String?

    @Option(help: "The tenant; needed with --id.")
    var tenant: String?

    @Option(help: "With --id: when the token ends, RFC 3339 or unix milliseconds. Without it the id is kept for ever.")
    var expires: String?

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var store: StoreOptions

    func run() async throws {
        let (revocation, tenant) = try wanted()
        try await store.connected { connection in
            let revocations = RedisRevocations(redis: connection.redis, names: connection.names)
            let outcome = try await revocations.revoke(revocation, of: tenant)
            guard outcome != .unknownTenant else { throw TenantFailure.unknown(tenant) }
            print(
                json
                    ? Self.json(revocation, tenant, outcome) : "\(revocation.token) \(outcome == .known ? "was revoked before" : "revoked")"
            )
        }
    }

    /// What is to be revoked, of whom.
    func wanted() throws -> (Revocation, TenantName) {
        let stated = try tenant.map { try tenantName($0) }
        switch (token, id) {
        case (nil, let id?):
            guard let token = TokenID(id) else { throw ValidationError("--id must be 64 hex digits") }
            guard let stated else { throw ValidationError("--id needs --tenant") }
            return (Revocation(token: token, ends: try end(), source: "cli", operator: Operator.name), stated)
        case (let token?, nil):
            guard expires == nil else { throw ValidationError("--expires goes with --id: a token says so itself") }
            var argument = TokenArgument()
            argument.token = token
            guard let claim = TokenClaim(try argument.macaroon()) else { throw TokenFailure(reason: "libcrypto failed") }
            guard let tenant = stated ?? claim.tenant else { throw ValidationError("the token names no one tenant: give --tenant") }
            return (Revocation(token: claim.id, ends: claim.expires, source: "cli", operator: Operator.name), tenant)
        default: throw ValidationError("give --token or --id")
        }
    }

    private func end() throws -> Int64? {
        guard let expires else { return nil }
        guard let instant = Timestamp.milliseconds(expires) else {
            throw ValidationError("--expires must be RFC 3339 or unix milliseconds")
        }
        return instant
    }

    /// One line; names and ids need no escapes.
    private static func json(_ revocation: Revocation, _ tenant: TenantName, _ outcome: RevocationOutcome) -> String {
        #"{"outcome":"\#(outcome.rawValue)","tenant":"\#(tenant)","token":"\#(revocation.token)"}"#
    }
}
