import ArgumentParser
import Gateway
import Governance
import Macaroons

/// `satgate token mint`: a new token, alone on standard output.
struct TokenMintCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "mint", abstract: "Mint a token and print it.")

    @Option(help: "The file of root keys.")
    var keys: String

    @Option(help: "The id of the key to sign with; may be left out where the file has one.")
    var key: String?

    @Option(help: "The tenant, where the key is of any.")
    var tenant: String?

    @Option(help: "When it ends: a duration (24h), RFC 3339, or unix milliseconds.")
    var expires: String

    @Option(parsing: .singleValue, help: "Tools it may call, a comma list: names, <upstream>:*, *. Repeated, all must allow.")
    var scope: [String] = []

    @Option(help: "The budget it spends from, sealed.")
    var budget: String?

    @Option(help: "The most it and all that is made from it may spend.")
    var budgetLimit: String?

    @Option(help: "A name for people to read.")
    var label: String?

    @Option(help: "v2, v1, v2-json or satgate.")
    var encoding: Macaroon.Encoding = .v2

    func run() throws { print(try token(now: .unixNow).encoded()) }

    /// The token.
    func token(now: Int64) throws -> Macaroon {
        let ring = try KeysFile.read(keys)
        let terms = try terms(now: now)
        do {
            return try TokenMint(key: try signer(in: ring)).mint(terms, encoding: encoding)
        } catch let error as TokenMintError {
            throw TokenFailure(reason: error.explanation)
        }
    }

    private func signer(in ring: KeyRing) throws -> KeyRing.Key {
        guard let key else {
            guard ring.keys.count == 1 else { throw TokenFailure(reason: "--key: the file has \(ring.keys.count) keys, name one") }
            return ring.keys[0]
        }
        guard let signer = ring.key(key) else { throw TokenFailure(reason: "--key: the file has no key of this id") }
        return signer
    }

    private func terms(now: Int64) throws -> TokenTerms {
        var terms = TokenTerms(expires: try instant(after: now))
        terms.tenant = try tenant.map { try read($0, "--tenant must be a tenant's name") { TenantName($0) } }
        terms.budget = try budget.map { try read($0, "--budget must be a budget's name") { BudgetName($0) } }
        terms.limit = try budgetLimit.map {
            try read($0, "--budget-limit must be a number of at most six decimals") { Credits(decimal: $0) }
        }
        terms.scopes = scope
        terms.label = label
        return terms
    }

    private func instant(after now: Int64) throws -> Int64 {
        let wanted = "--expires must be a duration (24h), RFC 3339 or unix milliseconds, and not be past"
        let instant = Milliseconds(expires).map { now.addingReportingOverflow($0.count).partialValue } ?? Timestamp.milliseconds(expires)
        guard let instant, instant > now else { throw ValidationError(wanted) }
        guard instant - now <= TokenLifetime.longest else {
            throw ValidationError(
                "--expires: at most \(Milliseconds(count: TokenLifetime.longest)), for so long a revoked token is remembered")
        }
        return instant
    }

    private func read<Value>(_ text: String, _ wanted: String, _ parse: (String) -> Value?) throws -> Value {
        guard let value = parse(text) else { throw ValidationError(wanted) }
        return value
    }
}

extension Macaroon.Encoding: ExpressibleByArgument {}

extension TokenMintError {
    /// A sentence that quotes no secret.
    fileprivate var explanation: String {
        switch self {
        case .noTenant: "the key is of any tenant: give --tenant"
        case .wrongTenant(let tenant): "the key is only for tenant \(tenant)"
        case .refused(let reason): "a node would refuse this token: \(reason.rawValue)"
        case .macaroon(let error): "not minted: \(error.explanation)"
        }
    }
}
