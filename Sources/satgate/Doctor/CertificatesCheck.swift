import Foundation
import ServerIdentity

/// Looks at the files of the ports' TLS.
struct CertificatesCheck {
    let settings: NodeConfiguration
    /// Days before its end at which a certificate is worth a word.
    private static let notice = 14

    func findings() -> [Finding] {
        let ports: [(name: String, tls: PortTLS?)] = [("agents'", settings.tls), ("operators'", settings.adminTLS)]
        return ports.flatMap { port in port.tls.map { findings(port.name, $0) } ?? [] }
    }

    private func findings(_ port: String, _ tls: PortTLS) -> [Finding] {
        let reading: PortTLS.Reading
        do { reading = try tls.read() } catch {
            return [.failure("certificates", "\(error)", why: "a node would not start", fix: "correct the files of the \(port) port")]
        }
        let end = Date(timeIntervalSince1970: Double(reading.validity.upperBound))
        let days = Int(end.timeIntervalSinceNow / 86_400)
        guard reading.isCurrent else {
            return [
                .failure(
                    "certificates", "the \(port) port's certificate is over, or not valid yet", why: "whoever checks it goes away",
                    fix: "renew \(tls.certificate); a running node takes it in within seconds")
            ]
        }
        guard days >= Self.notice else {
            return [
                .warning(
                    "certificates", "the \(port) port's certificate ends in \(days) days", why: "from then on whoever checks it goes away",
                    fix: "renew \(tls.certificate); a running node takes it in within seconds")
            ]
        }
        return [.good("certificates", "the \(port) port's certificate holds for \(days) days")]
    }
}
