import Configuration
import Foundation
import Gateway
import Upstreams

/// Looks at what a node is told.
struct SettingsCheck {
    private static let area = "configuration"
    let file: String?
    let environment: [String: String]

    /// What is wrong or risky, and the settings themselves where they can be read.
    func findings() async -> (findings: [Finding], settings: NodeConfiguration?) {
        var findings = unknown()
        let settings: NodeConfiguration
        do { settings = try await NodeConfiguration(file: file, environment: environment) } catch {
            findings.append(
                .failure(
                    Self.area, "a node would not start: \(error)", why: "a bad or missing setting ends it",
                    fix: "correct the setting that is named"))
            return (findings, nil)
        }
        findings += risks(settings)
        if findings.isEmpty { findings.append(.good(Self.area, "all settings are known and can be read")) }
        return (findings, settings)
    }

    private func unknown() -> [Finding] {
        let variables = Set(NodeConfiguration.keys.map { "SATGATE_" + $0.replacing(".", with: "_").uppercased() })
        let strange = environment.keys.filter { $0.hasPrefix("SATGATE_") && !variables.contains($0) && !$0.hasPrefix("SATGATE_FAULT_") }
        var findings = strange.sorted().map { Self.unknown("the variable \($0)") }
        guard let file, let root = try? YAMLNode.read(file) else { return findings }
        findings += Self.keys(of: root, under: "").filter { !NodeConfiguration.keys.contains($0) }.map { Self.unknown("\($0) in \(file)") }
        return findings
    }

    private static func unknown(_ what: String) -> Finding {
        .warning(
            area, "\(what) is no setting", why: "nothing reads it, so what it is to do is not done",
            fix: "compare its name with the README's table")
    }

    private static func keys(of node: YAMLNode, under path: String) -> [String] {
        guard let members = try? node.members() else { return path.isEmpty ? [] : [path] }
        return members.flatMap { keys(of: $1, under: path.isEmpty ? $0 : "\(path).\($0)") }
    }

    private func risks(_ settings: NodeConfiguration) -> [Finding] {
        var findings: [Finding] = []
        func warn(_ what: String, _ why: String, _ fix: String) { findings.append(.warning(Self.area, what, why: why, fix: fix)) }
        if !Gateway.loopbackHosts.contains(settings.host) {
            warn(
                "the agents' port listens on \(settings.host), and the header Host is not checked",
                "a page in a browser that can reach the port may use it by a name of its own (DNS rebinding), if it has a token",
                "put a proxy in front that admits only the hosts that are yours, and let nobody else reach the port")
        }
        if settings.tokenInQuery {
            warn(
                "sse.token_in_query is on", "whatever is on the way of a URL may log it, and with it the token",
                "turn it off as soon as all agents send the header Authorization")
        }
        if !Gateway.loopbackHosts.contains(settings.adminHost) {
            if settings.adminTokensFile == nil {
                warn(
                    "the operators' port listens on \(settings.adminHost) without admin tokens",
                    "health and metrics can be read by whoever reaches it, and the API by nobody",
                    "set admin.tokens_file, or admin.host to 127.0.0.1")
            } else if settings.adminTLS == nil {
                warn(
                    "the operators' port listens on \(settings.adminHost)", "it speaks plain HTTP: tokens can be read on the way",
                    "set admin.tls.certificate_file, or let only a proxy with TLS or the cluster's own network reach it")
            }
        }
        if settings.egress.allowsPrivateNetworks {
            warn(
                "upstreams.allow_private_networks is on", "a tenant's document can name any address of your network",
                "name the networks of your upstreams in upstreams.allow_networks instead")
        }
        if settings.redis.url == RedisSettings().url, environment["SATGATE_REDIS_URL"] == nil, file == nil {
            warn("redis.url is not set", "the node goes to a Redis at 127.0.0.1", "set SATGATE_REDIS_URL")
        }
        return findings
    }
}

extension NodeConfiguration {
    /// The names of all settings.
    static let keys: Set<String> = [
        "admin.host", "admin.port", "admin.tls.certificate_file", "admin.tls.client_ca_file", "admin.tls.client_certificates",
        "admin.tls.key_file", "admin.tokens_file",
        "codec",
        "drain.announce", "drain.grace",
        "hold.lease", "budget.leases",
        "input.wait",
        "events.publish", "keys.file",
        "ledger.entries", "ledger.remembered", "ledger.rollback",
        "limits.body", "limits.body_time", "limits.connections", "limits.connections_per_address", "limits.fields", "limits.head",
        "limits.head_time", "limits.idle_time", "limits.requests", "limits.resumptions", "limits.sessions", "limits.stall_time",
        "limits.subscriptions", "limits.target",
        "listen.host", "listen.port", "listen.tls.certificate_file", "listen.tls.client_ca_file", "listen.tls.client_certificates",
        "listen.tls.key_file",
        "log.level",
        "loops", "oauth.file",
        "redis.password_file", "redis.prefix", "redis.sentinel.password_file", "redis.sentinel.username", "redis.timeout",
        "redis.tls.ca_file", "redis.tls.certificate_file", "redis.tls.key_file", "redis.tls.server_name", "redis.url", "redis.username",
        "sse.keepalive", "sse.token_in_query",
        "tenants.file", "tenants.refresh",
        "tracing.headers_file",
        "tracing.otlp_endpoint", "tracing.sample_ratio", "upstreams.allow_networks", "upstreams.allow_private_networks", "zones",
    ]
}
