package import Events
package import Governance
import Hummingbird

/// What the operator's side of a node shows and changes: the ports it works through, all of them fulfilled elsewhere.
package struct Console: Sendable {
    let node: NodeID
    /// Of the program.
    let version: String
    let access: Access
    let health: Health
    let administration: Administration
    let metering: Metering
    let feed: Feed
    let logs: LogControl

    /// What happens, and what has happened.
    package struct Feed: Sendable {
        let live: EventFeed
        let history: any EventHistory

        package init(live: EventFeed, history: any EventHistory) {
            self.live = live
            self.history = history
        }
    }

    /// `now`: unix milliseconds by the clock that all nodes share.
    package init(
        node: NodeID, version: String, credentials: AdminCredentials, health: Health, administration: Administration, metering: Metering,
        feed: Feed, logs: LogControl, now: @escaping @Sendable () -> Int64
    ) {
        self.node = node
        self.version = version
        access = Access(credentials: credentials, now: now)
        self.health = health
        self.administration = administration
        self.metering = metering
        self.feed = feed
        self.logs = logs
    }

    /// All routes of the admin port.
    func router() -> Router<AdminContext> {
        let router = Router(context: AdminContext.self, options: .autoGenerateHeadEndpoints)
        let methods = KnownMethods()
        router.add(middleware: ProblemMiddleware(methods: methods))
        HealthRoutes(health: health).add(to: router)
        AssetRoutes().add(to: router)
        metering.add(to: router)
        LoginRoutes(access: access).add(to: router.group("api/v1"))
        let api = router.group("api/v1").add(middleware: AccessMiddleware(access: access))
        SelfRoutes(node: node, version: version).add(to: api)
        OpenAPIRoutes().add(to: api)
        EventRoutes(history: feed.history).add(to: api)
        administration.add(to: api, node: node, now: access.now)
        metering.add(to: api)
        LogLevelRoutes(control: logs, trail: administration.trail, node: node).add(to: api)
        methods.learn(router.routes.map { ($0.path, $0.method) })
        return router
    }

    /// Who takes over connections that become WebSockets.
    var sockets: any WebSocketAcceptor { FeedAcceptor(feed: feed.live, access: access, node: node) }
}
