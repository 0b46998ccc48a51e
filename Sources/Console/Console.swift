package import Governance
import Hummingbird
import NIOCore
import NIOHTTP1

/// What the operator's side of a node shows and changes: the ports it works through, all of them fulfilled elsewhere.
package struct Console: Sendable {
    let node: NodeID
    /// Of the program.
    let version: String
    let access: Access
    let health: Health
    let administration: Administration
    let logs: LogControl

    /// `now`: unix milliseconds by the clock that all nodes share.
    package init(
        node: NodeID, version: String, credentials: AdminCredentials, health: Health, administration: Administration,
        logs: LogControl, now: @escaping @Sendable () -> Int64
    ) {
        self.node = node
        self.version = version
        access = Access(credentials: credentials, now: now)
        self.health = health
        self.administration = administration
        self.logs = logs
    }

    /// All routes of the admin port.
    func router() -> Router<AdminContext> {
        let router = Router(context: AdminContext.self, options: .autoGenerateHeadEndpoints)
        let methods = KnownMethods()
        router.add(middleware: ProblemMiddleware(methods: methods))
        HealthRoutes(health: health).add(to: router)
        AssetRoutes().add(to: router)
        LoginRoutes(access: access).add(to: router.group("api/v1"))
        let api = router.group("api/v1").add(middleware: AccessMiddleware(access: access))
        SelfRoutes(node: node, version: version).add(to: api)
        LogLevelRoutes(control: logs).add(to: api)
        administration.add(to: api, node: node)
        methods.learn(router.routes.map { ($0.path, $0.method) })
        return router
    }

    /// Who takes over connections that become WebSockets.
    var sockets: any WebSocketAcceptor { NoSockets() }
}

/// Upgrades nothing.
private struct NoSockets: WebSocketAcceptor {
    func accepts(_ head: HTTPRequestHead) -> Bool { false }
    func open(_ channel: any Channel, for head: HTTPRequestHead) throws {}
    func goAway(_ channel: any Channel) { channel.close(promise: nil) }
}
