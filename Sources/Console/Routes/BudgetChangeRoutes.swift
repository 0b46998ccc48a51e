import Foundation
import Governance
import Hummingbird

/// Changes of accounts: `PUT /tenants/{tenant}/budgets/{account}`, `…/top-up` and `…/resume`.
struct BudgetChangeRoutes {
    private struct Limit: AdminBody {
        enum CodingKeys: String, CodingKey, CaseIterable { case limit, requestId }

        let limit: Amount
        let requestId: String?
    }

    private struct TopUp: AdminBody {
        enum CodingKeys: String, CodingKey, CaseIterable { case amount, requestId }

        let amount: Amount
        let requestId: String?
    }

    private struct Change: Encodable {
        /// `done`, or `anew`: the account is gone, and may be made anew.
        let outcome: String
        @OrNull var requestId: String?
        /// The limit before; nil where the account was made.
        @OrNull var previous: Decimal?
        @OrNull var budget: BudgetItem?
    }

    let budgets: any BudgetAdmin
    let lists: AccountLists

    func add(to router: RouterGroup<AdminContext>) {
        router.put("tenants/{tenant}/budgets/{account}") { request, context in
            let (tenant, account) = (try context.tenant(), try context.account())
            let body = try await AdminJSON.body(Limit.self, of: request, context)
            let wish = try Self.request(body.requestId, context)
            let answer = try await budgets.set(body.limit.credits, of: account, tenant: tenant, as: wish)
            lists.note(account, of: tenant)
            return try Self.response(answer, account, wish)
        }
        router.post("tenants/{tenant}/budgets/{account}/top-up") { request, context in
            let (tenant, account) = (try context.tenant(), try context.account())
            let body = try await AdminJSON.body(TopUp.self, of: request, context)
            let wish = try Self.request(body.requestId, context)
            let answer = try await budgets.topUp(account, by: body.amount.credits, tenant: tenant, as: wish)
            return try Self.response(answer, account, wish)
        }
        router.post("tenants/{tenant}/budgets/{account}/resume") { _, context in
            let (tenant, account) = (try context.tenant(), try context.account())
            return try Self.response(try await budgets.resume(account, tenant: tenant, by: context.operatorName), account, nil)
        }
    }

    private static func request(_ id: String?, _ context: AdminContext) throws(Problem) -> BudgetRequest {
        guard let id else { return BudgetRequest(id: RequestName(), operator: context.operatorName) }
        guard let name = RequestName(id) else { throw .invalid("requestId: [A-Za-z0-9][A-Za-z0-9._-]{0,63}") }
        return BudgetRequest(id: name, operator: context.operatorName)
    }

    private static func response(_ answer: BudgetAnswer, _ account: AccountName, _ wish: BudgetRequest?) throws -> Response {
        switch answer {
        case .done(let books, let previous):
            try AdminJSON.response(
                Change(outcome: "done", requestId: wish?.id.text, previous: previous?.decimal, budget: BudgetItem(account, books)))
        case .anew: try AdminJSON.response(Change(outcome: "anew", requestId: wish?.id.text, previous: nil, budget: nil))
        case .refused(.noAccount): throw Problem(.notFound, "no_account", "no such account")
        case .refused(.booksClosed): throw Problem.conflict("books_closed", "the tenant has no books: put its document first")
        case .refused(.conflict): throw Problem.conflict("conflict", "the request id stands for another change")
        case .refused(.outOfRange): throw Problem(.badRequest, "out_of_range", "the limit would be too large")
        }
    }
}
