import Events
import Governance
import Hummingbird

/// `POST /tenants/{tenant}/tokens`: a new token, shown here and nowhere else.
struct TokenRoutes {
    private struct Wish: AdminBody {
        enum CodingKeys: String, CodingKey, CaseIterable { case budget, limit, scopes, label, expiresIn, key }

        let budget: String?
        let limit: Amount?
        let scopes: [String]?
        let label: String?
        let expiresIn: Int64
        let key: String?
    }

    private struct Minted: Encodable {
        let token: String
        let tokenId: String
        let expiresAt: String
    }

    let issuer: any TokenIssuer
    let tenants: any TenantAdmin
    let trail: any AuditTrail
    let node: NodeID
    /// Unix milliseconds.
    let now: @Sendable () -> Int64

    func add(to router: RouterGroup<AdminContext>) {
        router.post("tenants/{tenant}/tokens") { request, context in
            let tenant = try context.tenant()
            let order = try order(try await AdminJSON.body(Wish.self, of: request, context))
            guard try await tenants.find(tenant) != nil else { throw TenantRoutes.unknown }
            let token = try mint(order, tenant)
            // No token without its event: it is shown only once that is kept.
            try await trail.record(event(of: token, order, tenant, by: context.operatorName))
            return try AdminJSON.response(
                Minted(token: token.text, tokenId: token.id.text, expiresAt: order.expires.instant), status: .created)
        }
    }

    private func order(_ wish: Wish) throws(Problem) -> TokenOrder {
        let longest = TokenLifetime.longest / 1000
        guard (1...longest).contains(wish.expiresIn) else { throw .invalid("expiresIn: seconds from 1 to \(longest)") }
        guard wish.scopes?.count ?? 0 <= 32 else { throw .invalid("scopes: at most 32") }
        var order = TokenOrder(expires: now() + wish.expiresIn * 1000)
        if let budget = wish.budget {
            guard let name = BudgetName(budget) else { throw .invalid("budget: \(Names.budget)") }
            order.budget = name
        }
        order.key = wish.key
        order.limit = wish.limit?.credits
        order.scopes = wish.scopes ?? []
        order.label = wish.label
        return order
    }

    private func mint(_ order: TokenOrder, _ tenant: TenantName) throws(Problem) -> IssuedToken {
        do throws(TokenOrderFlaw) { return try issuer.mint(order, of: tenant) } catch {
            switch error {
            case .noKey: throw .conflict("no_key", "this node has no key for the tenant")
            case .wrongKey: throw .conflict("no_key", "this node has no key of this id for the tenant")
            case .refused(let reason): throw Problem(.badRequest, "refused_token", "a node would refuse the token: \(reason)")
            case .tooLong: throw .invalid("the token would be too long")
            case .cryptography: throw Problem(.internalServerError, "internal", "libcrypto failed")
            }
        }
    }

    private func event(of token: IssuedToken, _ order: TokenOrder, _ tenant: TenantName, by operator: String) -> Event {
        Event(
            .tokenMinted, tenant: tenant, token: token.id, budget: order.budget.map { .budget($0) }, node: node,
            data: [
                "label": .text(order.label ?? ""), "scopes": .text(order.scopes.joined(separator: "; ")),
                "limit": .text(order.limit?.description ?? ""), "expiresAt": .text(order.expires.instant), "key": .text(token.key),
                "by": .text(`operator`),
            ])
    }
}
