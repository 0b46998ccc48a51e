import ArgumentParser
import Foundation
import Governance
import Store

/// Looks at the tenants, their upstreams and the nodes.
struct ClusterCheck {
    let connection: StoreOptions.Connection
    let store: StoreOptions

    func findings() async throws -> [Finding] {
        let tenants = try await connection.tenants.names()
        var findings: [Finding] = []
        if tenants.isEmpty {
            findings.append(
                .warning("tenants", "there are none", why: "every token is refused", fix: "satgate tenant apply -f tenants.yaml"))
        } else {
            findings.append(.good("tenants", "\(tenants.count) in Redis"))
        }
        for tenant in tenants { findings += await upstreams(of: tenant) }
        return findings + (try await nodes())
    }

    /// Spoken with from here, as a node with the same settings would.
    private func upstreams(of tenant: TenantName) async -> [Finding] {
        do {
            var command = try UpstreamsTestCommand.parse([tenant.text, "--within", "5s"])
            command.store = store
            return try await command.reports(connection).map { report in
                report.isGood
                    ? .good("upstreams", "\(report.upstream) of \(tenant) is up")
                    : .failure(
                        "upstreams", "\(report.upstream) of \(tenant) is down: \(report.reason ?? "")", why: "calls of its tools fail",
                        fix:
                            "look at it with satgate upstreams test \(tenant) \(report.upstream); secrets that nodes have may be missing here"
                    )
            }
        } catch {
            return [.warning("upstreams", "\(tenant) has none that can be tried", why: "\(error)", fix: "satgate tenant get \(tenant)")]
        }
    }

    private func nodes() async throws -> [Finding] {
        let nodes = try await RedisNodeMonitor(redis: connection.redis, names: connection.names).nodes()
        guard !nodes.isEmpty else {
            return [.warning("nodes", "none lives", why: "nobody serves agents", fix: "start satgate serve")]
        }
        let versions = Set(nodes.compactMap { $0.facts?.version }).sorted()
        let text = "\(nodes.count) live, of version \(versions.joined(separator: ", "))"
        guard versions.count > 1 else { return [.good("nodes", text)] }
        return [
            .warning("nodes", text, why: "versions should differ only while nodes are replaced", fix: "bring all nodes to the same version")
        ]
    }
}
