import ArgumentParser
import Foundation
import Governance
import Store

/// What is told of a change to an account, and how one is repeated.
struct BudgetChange: ParsableArguments {
    @Option(help: "What the change is known by for 24 h: repeated under the same id it is made once. Random if not given.")
    var requestID: String?

    func validate() throws {
        if let requestID, RequestName(requestID) == nil { throw ValidationError("not a request id: [A-Za-z0-9][A-Za-z0-9._-]{0,63}") }
    }

    /// Makes the change and prints the account; where it fails on the way, the id under which it may be made again is told.
    func make(
        _ account: AccountName, _ options: BudgetOptions,
        _ change: (RedisBudgetAdmin, TenantName, BudgetRequest) async throws(StoreError) -> BudgetAnswer
    ) async throws {
        let tenant = try tenantName(options.tenant)
        let request = BudgetRequest(id: requestID.flatMap { RequestName($0) } ?? RequestName(), operator: Operator.name)
        try await options.store.connected { connection in
            let answer: BudgetAnswer
            do throws(StoreError) { answer = try await change(connection.budgets, tenant, request) } catch {
                let note = "satgate: it may have been done or not; repeat it with --request-id \(request.id)\n"
                FileHandle.standardError.write(Data(note.utf8))
                throw error
            }
            print(try Self.text(of: answer, account, tenant, json: options.json), terminator: "")
        }
    }

    /// What is printed; a refusal is an error.
    static func text(of answer: BudgetAnswer, _ account: AccountName, _ tenant: TenantName, json: Bool) throws -> String {
        switch answer {
        case .refused(let refusal): throw BudgetFailure(refusal, account, tenant)
        case .anew:
            let value = DocumentValue.object(["account": .text(account.text), "anew": .flag(true)])
            return json ? value.json + "\n" : "\(account.text): gone with its books; it may be made anew\n"
        case .done(let books, let previous):
            guard json else {
                let before = previous.map { "before: \($0)" } ?? "a new account"
                let over = books.over == .zero ? "" : ", over by \(books.over)"
                return "\(account.text): limit \(books.limit) (\(before)), available \(books.available)\(over)\n"
            }
            let value = BudgetReport(account: account, books: books).value
            guard case .object(var members) = value else { return value.json + "\n" }
            members["previous"] = previous.map { .number($0.description) }
            return DocumentValue.object(members).json + "\n"
        }
    }
}
