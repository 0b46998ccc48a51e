import Governance
import MCPWire
import Macaroons
import Upstreams

/// What a delegated token is to be: no more than its parent in anything.
struct ChildTerms {
    let amount: Credits
    let scope: Scope.Clause?
    let label: String?
    /// Milliseconds from now; nil: as long as the parent's.
    let life: Int64?
    /// The written terms are the same: a repeat under one key must have the same.
    let fingerprint: String

    /// Reads what is asked for, and holds it against the parent.
    init(_ request: DelegateRequest, of parent: Grant) throws(Fault) {
        guard let amount = Credits(decimal: request.budget), amount > .zero else {
            throw .invalidParams("params.budget must be a positive number of credits with at most six decimals")
        }
        let clause = request.scope.map { Scope.Clause($0) }
        if case .some(nil) = clause { throw .invalidParams("params.scope must be a list of words") }
        let life = try Self.milliseconds(request.life)
        guard parent.delegationDepth != 0 else { throw .delegation(.depth) }
        if let most = parent.delegationBudget, amount > most { throw .delegation(.budget) }
        if let clause, let wanted = clause, !parent.scope.covers(wanted) { throw .delegation(.scope) }
        self.amount = amount
        scope = clause ?? nil
        label = request.label
        self.life = life
        let parts = ["\(amount.micros)", scope?.words.joined(separator: ",") ?? "", label ?? "", life.map { "\($0)" } ?? ""]
        fingerprint = Fingerprint.sha256(of: Array(parts.map { "\($0.utf8.count):\($0)" }.joined(separator: "\n").utf8))
    }

    /// When the child's token expires that is asked for now, unix milliseconds.
    func expiry(after now: Int64, of parent: Grant) -> Int64 {
        min(parent.expires, now + min(life ?? TokenLifetime.longest, TokenLifetime.longest))
    }

    /// The child's token and what it entitles to: a new chain under the root key, with all that narrows its parent, and its own account.
    func mint(_ child: DelegatedChild, of parent: Grant, by key: KeyRing.Key) throws(Fault) -> (token: String, grant: Grant) {
        var terms = TokenTerms(expires: child.expires)
        terms.tenant = parent.tenant
        terms.scopes = (parent.scope.clauses + [scope].compactMap(\.self)).map { $0.words.joined(separator: ",") }
        terms.budget = child.budget
        terms.label = label ?? parent.label
        terms.parents = parent.lineage
        terms.delegationDepth = parent.delegationDepth.map { $0 - 1 }
        terms.delegationBudget = parent.delegationBudget
        do throws(TokenMintError) {
            let (token, grant) = try TokenMint(key: key).minted(terms, nonce: Hex.decode(Array(child.nonce.utf8)))
            return (token.encoded(), grant)
        } catch {
            switch error {
            case .macaroon(.tooManyCaveats), .macaroon(.caveatTooLong), .macaroon(.tokenTooLong): throw .delegation(.length)
            case .refused: throw .invalidParams("params.label and params.scope must be texts without control characters")
            case .noTenant, .wrongTenant, .macaroon: throw .internalError
            }
        }
    }

    private static func milliseconds(_ life: DelegateRequest.Life) throws(Fault) -> Int64? {
        switch life {
        case .inherited: return nil
        case .seconds(let seconds): return seconds * 1000
        case .text(let text):
            guard let span = Milliseconds(text) else { throw .invalidParams("params.expiresIn must be seconds or a text such as \"1h\"") }
            return span.count
        }
    }
}

extension Scope {
    /// Whether each word of the clause is within every clause of the scope, as far as words alone can tell: a name under `x:*` may be one
    /// of x's tools, and whether it is, each call is judged by, for a delegated token keeps all clauses of its parent.
    func covers(_ wanted: Clause) -> Bool {
        clauses.allSatisfy { own in
            wanted.words.allSatisfy { word in
                own.words.contains { held in
                    if held == "*" || held == word { return true }
                    guard held.hasSuffix(":*") else { return false }
                    return word.hasPrefix(held.dropLast()) || !(word == "*" || word.hasSuffix(":*"))
                }
            }
        }
    }
}
