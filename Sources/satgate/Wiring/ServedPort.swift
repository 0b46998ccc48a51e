import NIOCore
import ServiceLifecycle

/// The two sides of a node.
enum Port: String {
    case agents, operators

    /// The setting that moves it.
    fileprivate var setting: String {
        switch self {
        case .agents: "SATGATE_LISTEN_PORT"
        case .operators: "SATGATE_ADMIN_PORT"
        }
    }
}

/// A port that could not be opened, which ends the node.
struct PortUnavailable: Error, CustomStringConvertible {
    let description: String
}

/// What serves a port; throws `PortUnavailable` where that cannot be opened.
struct ServedPort: Service, CustomStringConvertible {
    let port: Port
    /// `<host>:<number>`.
    let address: String
    let service: any Service

    var description: String { "\(port)' port" }

    func run() async throws {
        do { try await service.run() } catch let error as IOError {
            throw PortUnavailable(description: "the \(port)' port \(address) (\(port.setting)) cannot be opened: \(error)")
        }
    }
}
