import Files
import Logging
import ServerIdentity
import ServiceLifecycle

/// What makes a port speak TLS, and keeps that in step with its files; neither where it is a plain one.
struct SecurePort {
    let identity: PortIdentity?
    /// Watches the files.
    let services: [any Service]

    /// Reads the files of `tls`.
    init(_ port: Port, _ tls: PortTLS?, logger: Logger) throws {
        let metrics = IdentityMetrics(port)
        guard let tls else {
            (self.identity, services) = (nil, [])
            return
        }
        // Ahead of the reading: what changes meanwhile is read again.
        let traces = tls.files.map { FileTrace($0) }
        let identity = try PortIdentity(tls)
        self.identity = identity
        let upkeep = IdentityUpkeep(port: port, identity: identity, metrics: metrics, logger: logger, read: traces)
        services = [Running("certificate of the \(port)' port") { await upkeep.watch() }]
    }
}
