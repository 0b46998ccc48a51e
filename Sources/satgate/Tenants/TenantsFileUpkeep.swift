import Events
import Governance
import Logging
import TimeZones

/// Keeps what is stored of tenants in step with what a node is told: documents at its start, and the file they came from as it changes.
struct TenantsFileUpkeep {
    /// What the node is told at its start.
    struct Statement {
        var tenants: [Tenant] = []
        /// The file they were read from, to be watched; nil for none.
        var file: String?
        /// The zones that the file may name.
        var zones = ZoneDatabase()
    }

    let statement: Statement
    let admin: any TenantAdmin
    let events: any EventSink
    let node: NodeID
    let logger: Logger
    /// True while a part of Redis answers though another may not.
    let isPartlyReachable: @Sendable () -> Bool
    /// Between two looks at the file; a change is taken in after two that see the same.
    var interval = Duration.milliseconds(200)

    /// Applies the statement, waiting for Redis if need be; what an operator has applied since stands. Answers those that could not be applied
    /// while a part of Redis is out of reach: the tenants of the others are not to wait for it.
    func begin() async -> [Tenant] {
        var rest = statement.tenants
        while !Task.isCancelled {
            rest = await state(rest)
            if rest.isEmpty || isPartlyReachable() { break }
            try? await Task.sleep(for: .milliseconds(200))
        }
        return rest
    }

    /// Applies what could not be applied at the beginning, once its part of Redis is back.
    func finish(_ rest: [Tenant]) async {
        var rest = rest
        while !rest.isEmpty, (try? await Task.sleep(for: .seconds(1))) != nil { rest = await state(rest) }
    }

    /// Applies these, each unless an operator has applied another; those that must wait for Redis.
    private func state(_ tenants: [Tenant]) async -> [Tenant] {
        var rest: [Tenant] = []
        for tenant in tenants where !Task.isCancelled {
            do throws(StoreError) {
                let done = try await admin.apply(tenant, as: .file, yielding: true)
                let level: Logger.Level = done.outcome == .kept ? .notice : .debug
                logger.log(level: level, "tenant \(done.outcome.rawValue)", metadata: Self.facts(tenant.name, done.version))
            } catch .corrupt(let reason) {
                logger.error("a tenant cannot be applied", metadata: ["tenant": "\(tenant.name)", "error": "\(reason)"])
            } catch {
                if rest.isEmpty { logger.warning("waiting for Redis", metadata: ["tenant": "\(tenant.name)", "error": "\(error)"]) }
                rest.append(tenant)
            }
        }
        return rest
    }

    /// Applies what changes in the file until cancelled; returns at once where there is none.
    func watch() async {
        guard let path = statement.file else { return }
        var file = WatchedFile(path: path)
        var stated = statement.tenants
        var wanted = stated
        var rejected: WatchedFile.Content?
        while !Task.isCancelled {
            if let content = file.look(), content != rejected {
                do throws(ConfigurationError) {
                    wanted = try tenants(in: content, of: path)
                    rejected = nil
                } catch {
                    reject(error)
                    rejected = content
                }
            }
            if wanted != stated, await apply(wanted, after: stated) { stated = wanted }
            try? await Task.sleep(for: interval)
        }
    }

    private func tenants(in content: WatchedFile.Content, of path: String) throws(ConfigurationError) -> [Tenant] {
        guard case .text(let text) = content else { throw ConfigurationError(file: path, line: nil, reason: "cannot be read") }
        return try TenantsFile.tenants(in: YAMLNode.parse(text, file: path), zones: statement.zones)
    }

    /// Applies what the file states otherwise than before; false when that must be done again.
    private func apply(_ wanted: [Tenant], after stated: [Tenant]) async -> Bool {
        let before = Dictionary(stated.map { ($0.name, $0) }) { first, _ in first }
        do throws(StoreError) {
            for tenant in wanted where before[tenant.name] != tenant {
                let done = try await admin.apply(tenant, as: .file, yielding: false)
                logger.notice("tenant \(done.outcome.rawValue) from the file", metadata: Self.facts(tenant.name, done.version))
            }
            for name in Set(before.keys).subtracting(wanted.map(\.name)) where try await admin.delete(name, of: .file) {
                logger.notice("tenant deleted with the file", metadata: ["tenant": "\(name)"])
            }
            return true
        } catch {
            logger.warning("the changed tenants cannot be applied yet", metadata: ["error": "\(error)"])
            return false
        }
    }

    /// Tells that the file's content is not used; the tenants stay as they were.
    private func reject(_ error: ConfigurationError) {
        logger.error("the file of tenants is not used", metadata: ["error": "\(error)"])
        let name = error.file.split(separator: "/").last.map(String.init) ?? ""
        var data: Event.Fields = ["file": .text(name), "reason": .text(error.reason)]
        if let line = error.line { data = ["file": .text(name), "line": .integer(Int64(line)), "reason": .text(error.reason)] }
        events.publish(Event(.configRejected, tenant: nil, node: node, data: data))
    }

    private static func facts(_ name: TenantName, _ version: Int64) -> Logger.Metadata {
        ["tenant": "\(name)", "version": "\(version)"]
    }
}
