import Governance

/// A stream's pass as one JSON text.
enum StreamPassText {
    static func text(of pass: StreamPass) -> String {
        let grant = pass.grant
        var out: [String: DocumentValue] = [
            "digest": .text(pass.digest), "tenant": .text(grant.tenant.text), "token": .text(grant.token.text),
            "lineage": .list(grant.lineage.map { .text($0.text) }), "expires": .text(String(grant.expires)),
            "scope": .list(grant.scope.clauses.map { .text($0.words.joined(separator: ",")) }),
            "caps": .list(grant.caps.map { .object(["prefix": .text($0.prefix.text), "limit": .number($0.limit.description)]) }),
        ]
        out["budget"] = grant.budget.map { .text($0.text) }
        out["label"] = grant.label.map { .text($0) }
        out["depth"] = grant.delegationDepth.map { .text(String($0)) }
        out["most"] = grant.delegationBudget.map { .number($0.description) }
        return DocumentValue.object(out).json
    }

    /// Reads the text back.
    static func pass(in text: String) throws(StoreError) -> StreamPass {
        do {
            var fields = try DocumentNode(value: try DocumentValue(json: text), path: "").fields()
            let pass = StreamPass(digest: try fields.need("digest").text(), grant: try grant(&fields))
            try fields.end()
            return pass
        } catch {
            throw .corrupt("a stream's pass")
        }
    }

    private static func grant(_ fields: inout DocumentFields) throws(StoreError) -> Grant {
        Grant(
            tenant: try fields.need("tenant").parsed { TenantName($0) }, token: try fields.need("token").parsed { TokenID($0) },
            lineage: try all(fields.need("lineage")) { node throws(StoreError) in try node.parsed { TokenID($0) } },
            expires: try fields.need("expires").parsed { Int64($0) },
            scope: Scope(clauses: try all(fields.need("scope")) { node throws(StoreError) in try node.parsed { Scope.Clause($0) } }),
            budget: try fields.take("budget")?.parsed { BudgetName($0) }, caps: try all(fields.need("caps"), cap),
            label: try fields.take("label")?.text(), delegationDepth: try fields.take("depth")?.parsed { Int($0) },
            delegationBudget: try fields.take("most")?.credits())
    }

    private static func cap(_ node: DocumentNode) throws(StoreError) -> Grant.Cap {
        var fields = try node.fields()
        return Grant.Cap(prefix: try fields.need("prefix").parsed { TokenID($0) }, limit: try fields.need("limit").credits())
    }

    private static func all<Element>(
        _ node: DocumentNode, _ read: (DocumentNode) throws(StoreError) -> Element
    ) throws(StoreError) -> [Element] {
        var elements: [Element] = []
        for element in try node.elements() { elements.append(try read(element)) }
        return elements
    }
}
