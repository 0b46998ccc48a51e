import Configuration
import Gateway
import HTTPWire
import NIOCore
import ServerIdentity

extension ListenerLimits {
    /// What agents may take of their port.
    ///
    /// - `limits.body` (bytes, 4194304), `limits.head` (bytes, 65536), `limits.target` (bytes, 8192), `limits.fields` (integer, 256)
    /// - `limits.head_time`, `limits.body_time`, `limits.idle_time`, `limits.stall_time` (ms, 10000, 30000, 75000, 30000)
    /// - `limits.requests` (integer, 100000; 0 = any number)
    /// - `limits.connections` (integer, 20000), `limits.connections_per_address` (integer, 10000)
    init(_ reader: ConfigReader) async throws {
        self.init()
        body = try await reader.integer("limits.body", in: 1024...(64 << 20)) ?? body
        http.head = try await reader.integer("limits.head", in: 1024...(1 << 20)) ?? http.head
        http.target = try await reader.integer("limits.target", in: 16...(1 << 20)) ?? http.target
        http.fields = try await reader.integer("limits.fields", in: 8...10_000) ?? http.fields
        headTime = try await reader.time("limits.head_time") ?? headTime
        bodyTime = try await reader.time("limits.body_time") ?? bodyTime
        idleTime = try await reader.time("limits.idle_time") ?? idleTime
        stallTime = try await reader.time("limits.stall_time") ?? stallTime
        requests = try await reader.integer("limits.requests", in: 0...Int(Int32.max)) ?? requests
        connections = try await reader.integer("limits.connections", in: 1...1_000_000) ?? connections
        connectionsPerAddress = try await reader.integer("limits.connections_per_address", in: 1...1_000_000) ?? connectionsPerAddress
    }
}

extension PortTLS {
    /// The TLS of a port, `listen` or `admin`; nil: plain TCP. The files are read again when they change.
    ///
    /// - `<port>.tls.certificate_file`, `<port>.tls.key_file` (paths, none)
    /// - `<port>.tls.client_ca_file` (path, none: no certificate is asked for)
    /// - `<port>.tls.client_certificates` (optional or required, required: whether one must be shown)
    init?(_ reader: ConfigReader, of port: String) async throws {
        func text(_ name: String) async throws -> String? { try await reader.text(ConfigKey("\(port).tls.\(name)")) }
        func bad(_ name: String, _ wanted: String) -> BadValue { BadValue(key: "\(port).tls.\(name)", wanted: wanted) }
        let authorities = try await text("client_ca_file")
        let word = try await text("client_certificates")
        guard let certificate = try await text("certificate_file") else {
            for name in ["key_file", "client_ca_file", "client_certificates"] where try await text(name) != nil {
                throw bad("certificate_file", "given, as \(port).tls.\(name) is")
            }
            return nil
        }
        guard let key = try await text("key_file") else { throw bad("key_file", "given, as \(port).tls.certificate_file is") }
        guard word == nil || authorities != nil else { throw bad("client_ca_file", "given, as \(port).tls.client_certificates is") }
        guard let clients = ClientCertificates(rawValue: word ?? "required") else {
            throw bad("client_certificates", "optional or required")
        }
        self.init(certificate: certificate, key: key, clientAuthorities: authorities, clients: clients)
    }
}

extension ConfigReader {
    /// Milliseconds, up to an hour.
    fileprivate func time(_ key: ConfigKey) async throws -> TimeAmount? {
        try await integer(key, in: 100...3_600_000).map { .milliseconds(Int64($0)) }
    }
}
