import ArgumentParser
import Gateway
import Governance
import Macaroons

/// `satgate token verify`: judges a token as a node would. The first word is `authorized`, `unauthorized` or `malformed`, the exit
/// status 0, 1 or 2; 64 when the command line cannot be read.
struct TokenVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Check a token's signature and caveats.",
        discussion: "Whether it is revoked, and what is left of its budgets, only a node knows.")

    @Option(help: "The root key, in hex.")
    var rootKeyHex: String

    @OptionGroup var token: TokenArgument

    @Option(help: "The tenant it must be of.")
    var tenant: String?

    @Option(help: "The tool it must allow.")
    var tool: String?

    @Option(help: "The cost that its limits must allow.")
    var cost: String?

    @Option(help: "The time to judge at, RFC 3339 or unix milliseconds; else the clock.")
    var now: String?

    func run() throws {
        switch try judgement() {
        case .authorized(let grant): print("authorized (\(grant.tenant), token \(grant.token))")
        case .unauthorized(let reason):
            print("unauthorized (\(reason))")
            throw ExitCode(1)
        case .malformed(let reason):
            print("malformed (\(reason))")
            throw ExitCode(2)
        }
    }

    /// What the gateway's policy makes of the token.
    func judgement() throws -> TokenJudgement {
        guard let bytes = Hex.decode(Array(rootKeyHex.lowercased().utf8)), let root = try? RootKey(bytes: bytes) else {
            throw ValidationError("--root-key-hex must be hex digits, two a byte")
        }
        var call = TokenJudgement.Call(tenant: tenant, tool: tool)
        call.cost = try cost.map { text in
            guard let cost = Credits(decimal: text) else { throw ValidationError("--cost must be a number of at most six decimals") }
            return cost
        }
        let instant = try now.map { text in
            guard let instant = Timestamp.milliseconds(text) else { throw ValidationError("--now must be RFC 3339 or unix milliseconds") }
            return instant
        }
        return TokenJudgement.of(token.text(), rootKey: root, call: call, now: instant ?? .unixNow)
    }
}
