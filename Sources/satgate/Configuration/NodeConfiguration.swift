import Configuration
import Foundation
import Gateway
import HTTPWire
import Logging
import NIOCore
import ServerIdentity
import Store
import TimeZones
import Upstreams

/// What a node is told, read once at the start from the environment (`SATGATE_…`) and then the file.
///
/// - `listen.host` (text, default `127.0.0.1`), `listen.port` (integer, 8080; 0 = any free)
/// - `admin.host` (text, default `127.0.0.1`), `admin.port` (integer, 9090; 0 = any free)
/// - `admin.tokens_file` (path, none: nobody can use the admin API)
/// - the keys of `ListenerLimits`, and of `PortTLS` for `listen` and `admin`
/// - `loops` (integer, the number of cores)
/// - `codec` (bytes or strict, bytes: who reads HTTP/1.1, see `HTTPCodec`)
/// - the keys of `RedisSettings`
/// - `oauth.file` (path, none: only macaroons are taken; see `OAuthFile`)
/// - `keys.file` (path, required), `tenants.file` (path, none), `tenants.refresh` (ms, 60000)
/// - `zones` (path of a directory, `/usr/share/zoneinfo`)
/// - `upstreams.allow_private_networks` (true or false, false), `upstreams.allow_networks` (CIDR blocks, none)
/// - `limits.subscriptions` (integer, 16), `limits.sessions` (integer, 10000), `limits.resumptions` (integer, 16)
/// - `hold.lease` (ms, 15000), `ledger.remembered` (ms, 600000: how long a call's end and its result are known)
/// - `budget.leases` (true or false, false: whether nodes take slices of accounts whose document does not say)
/// - `ledger.entries` (integer, 1000000: the newest of a tenant that are kept)
/// - `ledger.rollback` (refuse, or resume: what becomes of an account that has lost writes)
/// - `input.wait` (ms, 600000: how long a call waits for its agent's input)
/// - `drain.announce` (ms, 5000: how long a node that is to stop goes on, not ready), `drain.grace` (ms, 60000: by then it has ended)
/// - `sse.keepalive` (ms, 15000), `log.level` (text, `info`)
/// - the keys of `TracingSettings`
/// - `sse.token_in_query` (true or false, false): agents may send their token in the URL of `/sse`, where others on the way can log it
struct NodeConfiguration {
    var host = "127.0.0.1"
    var port = 8080
    var adminHost = "127.0.0.1"
    var adminPort = 9090
    /// Nil: the agents' port is plain TCP.
    var tls: PortTLS?
    /// Nil: the operators' port is plain TCP.
    var adminTLS: PortTLS?
    /// Of the agents' port.
    var limits = ListenerLimits()
    /// Watched.
    var adminTokensFile: String?
    var loops = System.coreCount
    /// Who reads what agents and upstreams send.
    var codec = HTTPCodec.bytes
    var redis = RedisSettings()
    /// Applied at the start and whenever it changes.
    var tenantsFile: String?
    /// How often all tenants are read again, in case a message was lost.
    var tenantsRefresh = 60_000
    var keysFile: String
    /// Nil: only macaroons are taken.
    var oauthFile: String?
    /// The directory of the zone database.
    var zones = ZoneDatabase.usualDirectory
    var lease = 15_000
    /// Slices are taken of accounts for which no document says whether.
    var leasesBudgets = false
    /// Milliseconds for which the end of a call, and its result under its idempotency key, are remembered.
    var remembered = 600_000
    /// The newest entries of a tenant's ledger that are kept, about.
    var ledgerEntries = 1_000_000
    /// What becomes of an account that has lost writes.
    var rollback = RollbackPolicy.refuse
    var inputWait = 600_000
    var keepAlive = 15_000
    /// How long the node takes to stop.
    var drain = DrainTerms()
    var tokenInQuery = false
    /// The streams of `subscriptions/listen` that one agent may have open at this node.
    var subscriptions = 16
    /// The sessions that one token may have in the cluster.
    var sessions = 10_000
    /// The answers that one session may go on reading at this node at once.
    var resumptions = 16
    var logLevel = Logger.Level.info
    var egress = EgressPolicy()
    var tracing = TracingSettings()

    /// The defaults.
    init(keysFile: String) { self.keysFile = keysFile }

    /// Reads all keys; the error names the key that is missing or bad.
    init(file: String?, environment: [String: String]) async throws {
        let reader = try await ConfigReader(settingsIn: file, environment: environment)
        redis = try await RedisSettings(reader)
        tenantsFile = try await reader.text("tenants.file")
        tenantsRefresh = try await reader.integer("tenants.refresh", in: 100...3_600_000) ?? tenantsRefresh
        keysFile = try await reader.required("keys.file")
        oauthFile = try await reader.text("oauth.file")
        zones = try await reader.zones()
        host = try await reader.fetchString(forKey: "listen.host") ?? host
        port = try await reader.integer("listen.port", in: 0...65_535) ?? port
        adminHost = try await reader.fetchString(forKey: "admin.host") ?? adminHost
        adminPort = try await reader.integer("admin.port", in: 0...65_535) ?? adminPort
        adminTokensFile = try await reader.text("admin.tokens_file")
        tls = try await PortTLS(reader, of: "listen")
        adminTLS = try await PortTLS(reader, of: "admin")
        limits = try await ListenerLimits(reader)
        loops = try await reader.integer("loops", in: 1...256) ?? loops
        if let name = try await reader.fetchString(forKey: "codec") {
            guard let known = HTTPCodec(rawValue: name) else { throw BadValue(key: "codec", wanted: "bytes or strict") }
            codec = known
        }
        lease = try await reader.integer("hold.lease", in: 100...600_000) ?? lease
        leasesBudgets = try await reader.fetchBool(forKey: "budget.leases") ?? leasesBudgets
        remembered = try await reader.integer("ledger.remembered", in: 1000...604_800_000) ?? remembered
        // Never more than what the commands for operators, which know no node's settings, leave when they write.
        ledgerEntries = try await reader.integer("ledger.entries", in: 1000...1_000_000) ?? ledgerEntries
        if let policy = try await reader.fetchString(forKey: "ledger.rollback") {
            guard let known = RollbackPolicy(rawValue: policy) else { throw BadValue(key: "ledger.rollback", wanted: "refuse or resume") }
            rollback = known
        }
        inputWait = try await reader.integer("input.wait", in: 100...600_000) ?? inputWait
        keepAlive = try await reader.integer("sse.keepalive", in: 100...40_000) ?? keepAlive
        drain.announce = Int64(try await reader.integer("drain.announce", in: 0...600_000) ?? Int(drain.announce))
        drain.grace = Int64(try await reader.integer("drain.grace", in: 1000...3_600_000) ?? Int(drain.grace))
        guard drain.announce < drain.grace else { throw BadValue(key: "drain.grace", wanted: "over drain.announce") }
        tokenInQuery = try await reader.fetchBool(forKey: "sse.token_in_query") ?? tokenInQuery
        sessions = try await reader.integer("limits.sessions", in: 1...1_000_000) ?? sessions
        resumptions = try await reader.integer("limits.resumptions", in: 1...10_000) ?? resumptions
        subscriptions = try await reader.integer("limits.subscriptions", in: 1...10_000) ?? subscriptions
        egress = try await EgressPolicy(reader)
        tracing = try await TracingSettings(reader)
        if let level = try await reader.fetchString(forKey: "log.level") {
            guard let known = Logger.Level(rawValue: level) else { throw BadValue(key: "log.level", wanted: "a level such as info") }
            logLevel = known
        }
    }
}

/// A configuration value that stops the start.
struct BadValue: Error, CustomStringConvertible {
    let key: String
    let wanted: String

    var description: String { "configuration: \(key) must be \(wanted)" }
}

extension ConfigReader {
    /// The environment (`SATGATE_…`), then the file.
    init(settingsIn file: String?, environment: [String: String]) async throws {
        var providers: [any ConfigProvider] = [
            EnvironmentVariablesProvider(environmentVariables: environment).prefixKeys(with: "satgate")
        ]
        if let file {
            let location = ConfigReader(provider: InMemoryProvider(values: ["filePath": .init(stringLiteral: file)]))
            providers.append(try await FileProvider<YAMLSnapshot>(config: location))
        }
        self.init(providers: providers)
    }

    /// The directory of the zone database.
    func zones() async throws -> String { try await fetchString(forKey: "zones") ?? ZoneDatabase.usualDirectory }

    fileprivate func required(_ key: ConfigKey) async throws -> String {
        guard let value = try await fetchString(forKey: key) else { throw BadValue(key: "\(key)", wanted: "given") }
        return value
    }

    /// The value; nil for an empty one too.
    func text(_ key: ConfigKey) async throws -> String? { try await fetchString(forKey: key).flatMap { $0.isEmpty ? nil : $0 } }

    func integer(_ key: ConfigKey, in range: ClosedRange<Int>) async throws -> Int? {
        guard let value = try await fetchInt(forKey: key) else { return nil }
        guard range.contains(value) else { throw BadValue(key: "\(key)", wanted: "in \(range.lowerBound)…\(range.upperBound)") }
        return value
    }
}
