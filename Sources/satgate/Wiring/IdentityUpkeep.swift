import Files
import Foundation
import Logging
import ServerIdentity

/// Takes in what changes in the files of a port's TLS, without a restart. What cannot be used changes nothing: a pair of which one half is
/// written, a key of another certificate, a certificate that does not hold.
struct IdentityUpkeep {
    let port: Port
    let identity: PortIdentity
    let metrics: IdentityMetrics
    let logger: Logger
    /// Between two looks; a change is taken in after two that see the same.
    var interval = Duration.seconds(1)
    /// As the files were when they were read last.
    let read: [FileTrace?]

    /// Watches until cancelled.
    func watch() async {
        tell()
        var (known, last) = (read, read)
        while !Task.isCancelled {
            try? await Task.sleep(for: interval)
            let found = traces
            if found == last, found != known {
                known = found
                take()
            }
            last = found
        }
    }

    private var traces: [FileTrace?] { identity.tls.files.map { FileTrace($0) } }

    private func take() {
        do throws(PortTLSError) {
            try identity.reload()
            metrics.tookIn()
            logger.info("new certificate", metadata: ["port": "\(port)", "end": "\(Date(timeIntervalSince1970: Double(identity.end)))"])
        } catch {
            metrics.turnedDown()
            logger.error("the files of a port's certificate are not used", metadata: ["port": "\(port)", "error": "\(error)"])
        }
        tell()
    }

    private func tell() {
        metrics.shows(identity)
        if !identity.isCurrent { logger.error("the port's certificate does not hold now", metadata: ["port": "\(port)"]) }
    }
}
