import ArgumentParser
import Governance
import Store

/// `satgate tenant diff`: what `apply` would change. Exit 0 where that is nothing, 1 where it is something.
struct TenantDiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Compare the tenants of a file with the stored ones, line by line.",
        discussion: "Exits with 0 where apply would change nothing, else with 1.")

    @OptionGroup var source: TenantsFileOption
    @Flag(help: "Count stored tenants that are not in the file, as apply --prune would delete them.")
    var prune = false
    @OptionGroup var store: StoreOptions

    func run() async throws {
        let tenants = try source.tenants(zones: try await store.zones())
        try await store.connected { connection in
            var isSame = true
            var pairs = tenants.map { ($0.name, Optional($0)) }
            if prune {
                let stated = Set(tenants.map(\.name))
                pairs += try await connection.tenants.names().filter { !stated.contains($0) }.map { ($0, nil) }
            }
            for (name, stated) in pairs {
                let stored = try await connection.tenants.find(name)
                guard stored?.tenant != stated else { continue }
                isSame = false
                print("--- \(name) \(stored.map { "version \($0.version)" } ?? "not stored")")
                print("+++ \(name) \(stated.map { _ in source.file } ?? "not in \(source.file)")")
                Self.changes(from: Self.lines(stored?.tenant), to: Self.lines(stated)).forEach { print($0) }
            }
            if !isSame { throw ExitCode.failure }
        }
    }

    private static func lines(_ tenant: Tenant?) -> [String] { tenant.map { TenantYAML.lines(of: TenantCodec.value(of: $0)) } ?? [] }

    /// All lines of both, marked by where they stand.
    static func changes(from old: [String], to new: [String]) -> [String] {
        var removed: Set<Int> = []
        var inserted: Set<Int> = []
        for change in new.difference(from: old) {
            switch change {
            case .remove(let offset, _, _): removed.insert(offset)
            case .insert(let offset, _, _): inserted.insert(offset)
            }
        }
        var out: [String] = []
        var (left, right) = (0, 0)
        while left < old.count || right < new.count {
            if removed.contains(left) {
                out.append("-" + old[left])
                left += 1
            } else if inserted.contains(right) {
                out.append("+" + new[right])
                right += 1
            } else {
                out.append(" " + old[left])
                left += 1
                right += 1
            }
        }
        return out
    }
}
