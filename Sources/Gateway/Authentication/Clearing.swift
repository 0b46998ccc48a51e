import Governance
import Macaroons

/// The judgement of a proved token's caveats. All are read, whatever the first ones say; repeated ones intersect, so a caveat
/// that is appended can only narrow.
struct Clearing {
    private var tenants: [TenantName] = []
    private var expiries: [Int64] = []
    private var clauses: [Scope.Clause] = []
    private var budgets: [BudgetName] = []
    /// How many of the budgets have a seal after them.
    private var sealedBudgets = 0
    private var caps: [Grant.Cap] = []
    private var parents: [TokenID] = []
    /// How many of the parents have a seal after them, and so are the issuer's word.
    private var sealedParents = 0
    private var depth: Int?
    private var delegationBudget: Credits?
    /// The first: what the issuer called it, no holder renames.
    private var label: String?
    private var flaws: [AuthenticationError.Reason] = []

    /// What the token entitles to, its expiry not yet compared with any clock.
    static func grant(for token: VerifiedMacaroon, under key: KeyRing.Key) throws(AuthenticationError) -> Grant {
        let ids = token.ids.compactMap { TokenID($0.hex) }
        guard let id = ids.last, ids.count == token.macaroon.caveats.count + 1 else { throw .malformed }
        var clearing = Clearing()
        for (index, caveat) in token.macaroon.caveats.enumerated() {
            do {
                let statement = try CaveatStatement(caveat.identifier)
                clearing.take(statement, before: token.signatures[index], prefix: ids[index + 1], key: key)
            } catch {
                clearing.flaws.append(error)
            }
        }
        return try clearing.grant(id, lineage: ids, tenantOfKey: key.tenant)
    }

    /// Notes one statement; `signature` is the chain's before it, `prefix` the id of the chain that it ends.
    private mutating func take(_ statement: CaveatStatement, before signature: Digest, prefix: TokenID, key: KeyRing.Key) {
        switch statement {
        case .tenant(let tenant): tenants.append(tenant)
        case .expires(let instant): expiries.append(instant)
        case .scope(let clause): clauses.append(clause)
        case .budget(let budget): budgets.append(budget)
        case .seal(let seal):
            if BudgetSeal.holds(seal, over: signature, by: key.root) {
                (sealedBudgets, sealedParents) = (budgets.count, parents.count)
            } else {
                flaws.append(.badSeal)
            }
        case .limit(let limit): caps.append(Grant.Cap(prefix: prefix, limit: limit))
        case .parents(let ids): parents += ids
        case .label(let text): label = label ?? text
        case .delegationDepth(let most): depth = min(depth ?? most, most)
        case .delegationBudget(let most): delegationBudget = min(delegationBudget ?? most, most)
        }
    }

    private func grant(_ id: TokenID, lineage: [TokenID], tenantOfKey: TenantName?) throws(AuthenticationError) -> Grant {
        let distinct = Set(tenants)
        let proved = tenantOfKey ?? (distinct.count == 1 ? distinct.first : nil)
        if let flaw = (flaws + flawsOfTheWhole(tenantOfKey: tenantOfKey)).first { throw .refused(flaw, tenant: proved, token: id) }
        guard let tenant = proved else { throw .refused(.noTenant, tenant: nil, token: id) }
        guard let expires = expiries.min() else { throw .refused(.noExpiry, tenant: tenant, token: id) }
        return Grant(
            tenant: tenant, token: id, lineage: ancestry(lineage), expires: expires, scope: Scope(clauses: clauses),
            budget: budgets.first, caps: caps, label: label, delegationDepth: depth,
            delegationBudget: delegationBudget)
    }

    /// What the issuer names as parents comes first, so that the first id is the root token's. A parent that a holder has added makes
    /// the token go with it when that is revoked, and nothing more.
    private func ancestry(_ ids: [TokenID]) -> [TokenID] {
        Array(parents.prefix(sealedParents) + ids.prefix(1) + parents.dropFirst(sealedParents) + ids.dropFirst())
    }

    private func flawsOfTheWhole(tenantOfKey: TenantName?) -> [AuthenticationError.Reason] {
        var flaws: [AuthenticationError.Reason] = []
        if tenants.isEmpty { flaws.append(.noTenant) }
        if Set(tenants).count > 1 { flaws.append(.conflictingTenants) }
        if let tenantOfKey, tenants.contains(where: { $0 != tenantOfKey }) { flaws.append(.wrongTenant) }
        if expiries.isEmpty { flaws.append(.noExpiry) }
        if sealedBudgets < budgets.count { flaws.append(.unsealedBudget) }
        if Set(budgets).count > 1 { flaws.append(.conflictingBudgets) }
        if caps.count > Self.capLimit { flaws.append(.tooManyCaps) }
        return flaws
    }

    private static let capLimit = 8
}
