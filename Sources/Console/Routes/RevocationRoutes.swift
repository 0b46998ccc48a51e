import Governance
import Hummingbird

/// `/tenants/{tenant}/revocations`: the tokens that are revoked.
struct RevocationRoutes {
    private struct Wish: AdminBody {
        enum CodingKeys: String, CodingKey, CaseIterable { case token, tokenId }

        let token: String?
        let tokenId: String?
    }

    private struct Item: Encodable {
        let tokenId: String
    }

    private struct Done: Encodable {
        let outcome: String
        let tokenId: String
    }

    let revocations: any Revocations
    let issuer: any TokenIssuer

    func add(to router: RouterGroup<AdminContext>) {
        router.get("tenants/{tenant}/revocations") { request, context in
            let page = try Page(request)
            let ids = try await revocations.revoked(of: try context.tenant(), after: nil).ids
            let items = ids.map(\.text).sorted().map(Item.init)
            return try AdminJSON.response(Listing(page, of: items) { $0.tokenId })
        }
        router.post("tenants/{tenant}/revocations") { request, context in
            let tenant = try context.tenant()
            let statement = try statement(try await AdminJSON.body(Wish.self, of: request, context), of: tenant)
            let outcome = try await revocations.revoke(
                Revocation(token: statement.id, ends: statement.expires, source: "api", operator: context.operatorName), of: tenant)
            guard outcome != .unknownTenant else { throw TenantRoutes.unknown }
            return try AdminJSON.response(Done(outcome: outcome.rawValue, tokenId: statement.id.text))
        }
    }

    /// Which token is meant; the end of one that is named by its id is not known, so that its id is kept for ever.
    private func statement(_ wish: Wish, of tenant: TenantName) throws(Problem) -> TokenStatement {
        switch (wish.token, wish.tokenId) {
        case (let token?, nil):
            guard let statement = issuer.statement(of: token) else { throw .invalid("token: no token") }
            guard statement.tenant == nil || statement.tenant == tenant else { throw .invalid("token: of another tenant") }
            return statement
        case (nil, let id?):
            guard let id = TokenID(id) else { throw .invalid("tokenId: \(Names.token)") }
            return TokenStatement(id: id, tenant: nil, expires: nil)
        default: throw .invalid("give token or tokenId")
        }
    }
}
