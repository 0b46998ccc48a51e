import Governance
import HTTPTypes
import Hummingbird
import NIOCore

/// The tenants and their documents: `/tenants`, `/tenants/{tenant}` and `/tenants/{tenant}/mode`.
struct TenantRoutes {
    private struct Outcome: Encodable {
        let outcome: String
        let version: Int64

        init(_ done: TenantApplication) {
            outcome = done.outcome.rawValue
            version = done.version
        }
    }

    private struct Mode: AdminBody {
        enum CodingKeys: String, CodingKey, CaseIterable { case mode }

        let mode: String
    }

    let tenants: any TenantAdmin
    let documents: any TenantDocuments

    func add(to router: RouterGroup<AdminContext>) {
        router.get("tenants") { request, _ in try AdminJSON.response(try await list(request)) }
        router.get("tenants/{tenant}") { _, context in try await document(of: try context.tenant()) }
        router.put("tenants/{tenant}") { request, context in try await put(request, context) }
        router.delete("tenants/{tenant}") { _, context in
            guard try await tenants.acting(as: context.operatorName).delete(try context.tenant(), of: nil) else { throw Self.unknown }
            return Response(status: .noContent)
        }
        router.put("tenants/{tenant}/mode") { request, context in try await setMode(request, context) }
    }

    static let unknown = Problem.notFound("no such tenant")

    private func list(_ request: Request) async throws -> Listing<TenantItem> {
        let page = try Page(request)
        var items: [TenantItem] = []
        for name in try await tenants.names() where page.after.map({ name.text > $0 }) ?? true {
            if items.count == page.limit { return Listing(items, next: items.last?.tenant) }
            if let stored = try await tenants.find(name) { items.append(TenantItem(stored)) }
        }
        return Listing(items)
    }

    private func document(of name: TenantName) async throws -> Response {
        guard let stored = try await tenants.find(name) else { throw Self.unknown }
        let head = try AdminJSON.bytes(TenantItem(stored)).dropLast()
        var bytes = ByteBuffer(bytes: head)
        bytes.writeString(",\"document\":\(documents.json(of: stored.tenant))}")
        return AdminJSON.response(bytes: bytes)
    }

    private func put(_ request: Request, _ context: AdminContext) async throws -> Response {
        let name = try context.tenant()
        let version = try request.whole("version", in: 1...Int(Int32.max))
        let body = try await AdminJSON.bytes(of: request, context)
        let tenant: Tenant
        do throws(DocumentFlaw) { tenant = try documents.tenant(in: Array(body.readableBytesView)) } catch {
            throw Problem(.badRequest, "invalid_document", error.reason)
        }
        guard tenant.name == name else { throw Problem(.badRequest, "invalid_document", "name: another than in the path") }
        let done = try await tenants.acting(as: context.operatorName)
            .apply(tenant, as: .apply, yielding: false, replacing: version.map(Int64.init))
        guard done.outcome != .stale else { throw Problem.conflict("stale", "stored is version \(done.version)") }
        return try AdminJSON.response(Outcome(done))
    }

    private func setMode(_ request: Request, _ context: AdminContext) async throws -> Response {
        let name = try context.tenant()
        guard let mode = Tenant.Mode(rawValue: try await AdminJSON.body(Mode.self, of: request, context).mode) else {
            throw Problem.invalid("mode: observe, soft or hard")
        }
        let admin = tenants.acting(as: context.operatorName)
        // Whoever changes the document in between makes one more turn needed.
        for _ in 0..<8 {
            guard let stored = try await tenants.find(name) else { throw Self.unknown }
            let done = try await admin.apply(stored.tenant.with(mode), as: .apply, yielding: false, replacing: stored.version)
            if done.outcome != .stale { return try AdminJSON.response(Outcome(done)) }
        }
        throw Problem.conflict("stale", "the document changes faster than it can be written")
    }
}
