import ArgumentParser
import Store

/// `satgate sessions`: the sessions of agents.
struct SessionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sessions", abstract: "See the sessions of agents, and end them.",
        subcommands: [SessionsListCommand.self, SessionsCloseCommand.self])
}

extension StoreOptions.Connection {
    var sessions: RedisSessionMonitor { RedisSessionMonitor(redis: redis, names: names) }
}
