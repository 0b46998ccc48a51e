import HTTPTypes
import Hummingbird
import Synchronization

/// Which methods each path of the admin port takes.
final class KnownMethods: Sendable {
    private let routes = Mutex<[(path: RouterPath, method: HTTPRequest.Method)]>([])

    /// Takes over what the router has.
    func learn(_ routes: [(path: RouterPath, method: HTTPRequest.Method)]) { self.routes.withLock { $0 = routes } }

    /// The methods of this path in the order of their names; empty where there is no such path.
    func allowed(at path: String) -> [String] {
        let parts = path.split(separator: "/")
        let methods = routes.withLock { routes in
            routes.filter { route in
                let elements = Array(route.path)
                return elements.count == parts.count && zip(elements, parts).allSatisfy { $0 ~= $1 }
            }.map(\.method)
        }
        let heads: [HTTPRequest.Method] = methods.contains(.get) ? [.head] : []
        return Set((methods + heads).map(\.rawValue)).sorted()
    }
}
