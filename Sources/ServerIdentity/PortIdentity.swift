package import NIOSSL
import Synchronization

/// Who a port is to those who connect, by files that may change: each new connection goes by what they said last, those that are open stay.
package final class PortIdentity: Sendable {
    package let tls: PortTLS
    private let current: Mutex<PortTLS.Reading>

    /// Reads the files. A certificate that does not hold is taken at the start: clients see why they are refused.
    package init(_ tls: PortTLS) throws(PortTLSError) {
        self.tls = tls
        current = Mutex(try tls.read())
    }

    /// Takes in what the files hold now; where that cannot be used all stays as it was.
    package func reload() throws(PortTLSError) {
        let reading = try tls.read()
        guard reading.isCurrent else { throw .outdated(tls.certificate) }
        current.withLock { $0 = reading }
    }

    /// Unix seconds: when the certificate that is shown ends.
    package var end: Int { current.withLock { $0.validity.upperBound } }

    /// True where the certificate that is shown holds now.
    package var isCurrent: Bool { current.withLock { $0.isCurrent } }

    /// What makes the handshake of a new connection.
    package func handler() -> NIOSSLServerHandler { NIOSSLServerHandler(context: current.withLock { $0.context }) }
}
